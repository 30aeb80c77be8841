"""The venue simulator, without sockets."""

"""What we tell a venue: journalled before it is sent, sent at most as often as is safe, and its outcome published."""

-- add: Make a login a person, in these groups beside those it has.
SELECT custodian.add_person(%(login)s, %(secret)s, VARIADIC %(may)s::text[]);

-- close: Take every right of a person, before the rest.
SELECT custodian.close_person(%(login)s);

-- remove: Take every right of a person.
SELECT custodian.remove_person(%(login)s);

-- has_login: Tell whether the server has a login of that name, which keeps its password when it is added.
SELECT to_regrole(quote_ident(%(login)s)) IS NOT NULL
   AND NOT EXISTS (SELECT FROM custodian.people WHERE login = %(login)s AND removed_at IS NOT NULL);

-- listed: Return everybody who is or was a person, with what the server's groups let each do now.
SELECT login, custodian.may(login), added_by, added_at, removed_by, removed_at, issuer, subject FROM custodian.people ORDER BY login;

#!/bin/sh
# Make the database at the first start, then serve it to the containers on its network, by password.
set -eu
if [ ! -d "$PGDATA" ]; then
  # Under another name first: a start that is killed half-way leaves nothing that looks like a database.
  unfinished="$PGDATA.unfinished"
  rm -rf "$unfinished"
  initdb --pgdata="$unfinished" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
    --auth=scram-sha-256 --encoding=UTF8
  echo "host all all all scram-sha-256" >> "$unfinished/pg_hba.conf"
  echo "CREATE DATABASE \"$POSTGRES_DB\";" | postgres --single -j -D "$unfinished" postgres >/dev/null
  mv "$unfinished" "$PGDATA"
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp

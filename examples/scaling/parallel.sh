#!/bin/sh
# Scans TARGET... in one shard for each machine, with GNU parallel. The results are in DIRECTORY/result.json.
#
#   DIRECTORY=/shared/scan HOSTS=host1,host2,host3 ./parallel.sh -p 1-1024 10.0.0.0/16
#
# All machines see DIRECTORY (NFS, for example). HOSTS: as for `parallel --sshlogin`; ':' is this machine. Run it again
# after a failure: complete shards are not scanned again, others continue.
set -eu
: "${DIRECTORY:?the directory for the results, seen by all machines}"
HOSTS=${HOSTS:-:}
PARTS=${PARTS:-$(printf '%s' "$HOSTS" | tr ',' '\n' | wc -l)}
PORTLOOP=${PORTLOOP:-portloop}
mkdir -p "$DIRECTORY"

# {1} is the shard's number. The arguments are quoted once more for the remote shell.
scan=$(printf "'%s' " "$@")
seq "$PARTS" | parallel --sshlogin "$HOSTS" --jobs 1 --line-buffer --tag "
  checkpoint='$DIRECTORY'/{1}.checkpoint
  if [ -e \"\$checkpoint\" ]; then
    $PORTLOOP scan --progress never --resume \"\$checkpoint\" > /dev/null
  else
    $PORTLOOP scan --progress never --shard {1}/$PARTS --checkpoint \"\$checkpoint\" -o json='$DIRECTORY'/{1}.json $scan > /dev/null
  fi"

"$PORTLOOP" merge --overwrite -f text -o json="$DIRECTORY/result.json" "$DIRECTORY"/*.checkpoint

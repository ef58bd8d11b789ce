#!/bin/sh
# Scans TARGET... in one part for each machine, with GNU parallel; the results end up in DIRECTORY/result.json.
#
#   DIRECTORY=/shared/scan HOSTS=host1,host2,host3 ./parallel.sh -p 1-1024 10.0.0.0/16
#
# DIRECTORY is seen by all machines (NFS and the like). HOSTS: as `parallel --sshlogin` takes them; ':' is this
# machine. Run it again after a failure: parts that are complete are not scanned again, others go on.
set -eu
: "${DIRECTORY:?the directory for the results, seen by all machines}"
HOSTS=${HOSTS:-:}
PARTS=${PARTS:-$(printf '%s' "$HOSTS" | tr ',' '\n' | wc -l)}
PORTLOOP=${PORTLOOP:-portloop}
mkdir -p "$DIRECTORY"

# {1} is the part's number; the arguments are quoted once more for the shell at the other end.
scan=$(printf "'%s' " "$@")
seq "$PARTS" | parallel --sshlogin "$HOSTS" --jobs 1 --line-buffer --tag "
  checkpoint='$DIRECTORY'/{1}.checkpoint
  if [ -e \"\$checkpoint\" ]; then
    $PORTLOOP scan --progress never --resume \"\$checkpoint\" > /dev/null
  else
    $PORTLOOP scan --progress never --shard {1}/$PARTS --checkpoint \"\$checkpoint\" -o json='$DIRECTORY'/{1}.json $scan > /dev/null
  fi"

"$PORTLOOP" merge --overwrite -f text -o json="$DIRECTORY/result.json" "$DIRECTORY"/*.checkpoint

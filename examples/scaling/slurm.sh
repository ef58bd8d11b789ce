#!/bin/sh
#SBATCH --job-name=portloop
#SBATCH --array=1-8
#SBATCH --cpus-per-task=1
#SBATCH --requeue
# One shard of a scan for each task of the array. --shard auto reads the task's number and the number of tasks.
#
#   sbatch --export=ALL,DIRECTORY=/shared/scan slurm.sh -p 1-1024 10.0.0.0/16
#   portloop merge -f json /shared/scan/*.checkpoint > result.json      # when the array has ended
#
# A task that is requeued continues from its checkpoint.
set -eu
: "${DIRECTORY:?the directory for the results, seen by all nodes}"
PORTLOOP=${PORTLOOP:-portloop}
shard=$DIRECTORY/$SLURM_ARRAY_TASK_ID
mkdir -p "$DIRECTORY"
if [ -e "$shard.checkpoint" ]; then
  exec "$PORTLOOP" scan --progress never --resume "$shard.checkpoint" > /dev/null
fi
exec "$PORTLOOP" scan --progress never --shard auto --checkpoint "$shard.checkpoint" -o json="$shard.json" "$@" > /dev/null

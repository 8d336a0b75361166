#!/bin/bash
#SBATCH --job-name=ortho
#SBATCH --requeue
#SBATCH --open-mode=append
#
# A task of a plan for each task of an array:
#
#   ortho plan 'shards/*.tar' -n 100 -o plan.jsonl
#   sbatch --array=0-99 slurm.sh plan.jsonl rows/ classify -f parquet
#   sbatch --array=$(ortho gather rows/ --plan plan.jsonl) slurm.sh plan.jsonl rows/ classify -f parquet
#
# Slurm runs a task again whose node was lost, and no other. One whose ortho was killed, or could not go on, is put
# back here, three times at most: parts that are there are passed over. Exit code 2 is a command line that is
# wrong, or an output of another run, which no repetition mends.
plan=$1 out=$2 command=$3
shift 3
ortho "$command" --plan "$plan" --plan-task auto -o "$out" --max-failed 1 "$@"
code=$?
if [ $code -ne 0 ] && [ $code -ne 2 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
	echo "ortho ended with $code: again" >&2
	scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" # SLURM_JOB_ID alone is the whole array, of its last task
	sleep 60 # until Slurm ends this attempt
fi
exit $code

"""A batch script for SLURM: Ray in an allocation, and the command on its first node."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

SCRIPT = """\
#!/usr/bin/env bash
#SBATCH --job-name={name}
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --output={name}-%j.log
##SBATCH --gpus-per-node=8
# Set the lines above to what your cluster has; a second # switches one off. With --requeue a job that is ended by its
# time or by a node's death is given another turn, and the same command goes on from what stands in the lab, which
# must be on a file system that all nodes see. `whether status --live --lab LAB` watches it from a login node.
set -euo pipefail
cd {folder}
{environment}
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" \\
    ray symmetric-run --address "$head:6379" --min-nodes "$SLURM_JOB_NUM_NODES" -- \\
    {command}
"""


def script(arguments: Sequence[str], *, name: str, lab: Path, folder: Path, environment: Path | None) -> str:
    """The batch script that runs a command of ours on a Ray cluster inside an allocation.

    Args:
        arguments: what follows `whether`, without `--on`, `--lab` and `--print`.
        name: of the job.
        lab: the lab's folder.
        folder: where the command is to run.
        environment: the virtual environment to activate, if there is one.
    """
    activate = environment / "bin" / "activate" if environment else None
    return SCRIPT.format(
        name=f"whether-{name}",
        folder=shlex.quote(str(folder)),
        environment=f"source {shlex.quote(str(activate))}" if activate else "# activate the environment with whether",
        command=shlex.join(["whether", *arguments, "--on", "ray", "--lab", str(lab)]),
    )

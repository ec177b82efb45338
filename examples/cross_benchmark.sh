#!/usr/bin/env bash
# A reward model from scratch, trained on the judged programs of one benchmark and tested by best-of-N on another's:
#   examples/cross_benchmark.sh DATA humaneval mbpp
# DATA holds problems.parquet (with a column source) and programs.parquet. Everything lies in the project folder
# $ACECODER_HOME; take a new one for each direction.
set -euo pipefail
data=$1 train=$2 test=$3
here=$(cd "$(dirname "$0")" && pwd)
export ACECODER_HOME=${ACECODER_HOME:-.acecoder-$train-to-$test}
profile=$here/real_data.toml
mkdir -p "$ACECODER_HOME/data"
for source in "$train" "$test"; do
  python - "$data" "$ACECODER_HOME/data" "$source" <<'PYTHON'
import sys
import polars as pl

data, out, source = sys.argv[1:]
problems = pl.read_parquet(f"{data}/problems.parquet").filter(pl.col("source") == source)
problems.write_parquet(f"{out}/{source}_questions.parquet")
programs = pl.read_parquet(f"{data}/programs.parquet")
programs.join(problems, on="question_id", how="semi").write_parquet(f"{out}/{source}_programs.parquet")
PYTHON
done
files=$ACECODER_HOME/data
acecoder import --name "$train" --questions "$files/${train}_questions.parquet" \
  --programs "$files/${train}_programs.parquet" --split train --profile "$profile"
acecoder import --name "$test" --questions "$files/${test}_questions.parquet" \
  --programs "$files/${test}_programs.parquet" --split test --profile "$profile"
acecoder run reward_model program_scores best_of_n --profile "$profile"

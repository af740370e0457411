#!/bin/bash
# Makes the demo model, its draft model, its adapter and their goldens from nothing. Goes on from the last checkpoint
# when it was interrupted. Usage: tools/demo_model/build.sh [WORK_FOLDER]    (default build/demo_model)
# BROAD_STEPS, FINISH_STEPS and DRAFT_STEPS make other models, for example tiny ones that show that it all works.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
work=${1:-$root/build/demo_model}
broad=${BROAD_STEPS:-2184}
finish=${FINISH_STEPS:-1800}
draft=${DRAFT_STEPS:-592}
mkdir -p "$work"

if [[ ! -x $work/venv/bin/python ]]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q -r requirements.txt
fi
python=$work/venv/bin/python
[[ -f $work/tokenizer.json ]] || "$python" tokenizer.py "$work"
"$python" train.py "$work" --part broad --steps "$broad"
"$python" train.py "$work" --part finish --steps "$finish"
"$python" export.py "$work" model
"$python" draft.py "$work" model draft --steps "$draft"
"$python" adapter.py "$work" model adapter
"$python" make_goldens.py model "$root/tests/engine/fixtures/demo_goldens.json"

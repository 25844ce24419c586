#!/usr/bin/env bash
# The rows of the paper's ablation in stages, on a GPU:  scripts/gpu_rows.sh FACES LFW [SEED...]
#
#   FACES    data.root of riddle-train: aligned faces, a folder or [a.tar,b.tar]
#   LFW      data.root of riddle-eval: held-out faces, LFW's archive and pairs
#   SEED     one or several; 0 by default
#
# Each row: codes of drawn people, codes of photos, pictures; then riddle-eval. Without photos (riddle_df), the second
# stage falls away. PACK is lite by default; TRAIN holds settings of every training (trainer=gpu), PICTURES those of the
# stage on pictures alone:
#   PACK=ffhq256 PICTURES="steps=6000 batch_size=16" scripts/gpu_rows.sh FACES LFW 0 1 2
# Give it again after a kill: an evaluation that is done is not repeated, a training goes on. Runs are in runs/rows/.
# It has not been run on a GPU yet.
set -euo pipefail
if [ $# -lt 2 ]; then sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; fi
faces=$1 lfw=$2
shift 2
pack=${PACK:-lite}
read -ra common <<< "${TRAIN:-trainer=gpu}"
read -ra pictures <<< "${PICTURES:-}"

# train NAME STAGE SETTING...: one stage of $row, from the end of the one before
train() {
    local run="$out/$1" stage=$2
    shift 2
    if [ -f "$run/checkpoints/last.ckpt" ]; then set -- "$@" ckpt_path="$run/checkpoints/last.ckpt"
    elif [ -n "$before" ]; then set -- "$@" start_ckpt="$before/checkpoints/last.ckpt"; fi
    riddle-train pack="$pack" "${common[@]}" experiment="$row" stage="$stage" seed="$seed" hydra.run.dir="$run" "$@"
    before=$run
}

for seed in "${@:-0}"; do
    for row in riddle riddle_df wo_transformer wo_diversity; do
        out=runs/rows/${row}_$seed before=
        if [ -f "$out/eval/report.json" ]; then continue; fi
        photos=("data.root=$faces" data.cropper.aligned=true)
        if [ "$row" = riddle_df ]; then photos=(); fi
        train codes codes data=data_free
        if [ "$row" != riddle_df ]; then
            train photo_codes codes loss=photo_codes data.drawn=0.25 batch_size=32 "${photos[@]}"
        fi
        train pictures after_codes "${photos[@]}" "${pictures[@]}"
        riddle-eval pack="$pack" method=checkpoint method.path="$before/checkpoints/last.ckpt" data.root="$lfw" \
            evaluators=dlib photos=none seed="$seed" out="$out/eval"
    done
done

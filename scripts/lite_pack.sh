#!/usr/bin/env bash
# A lite pack from nothing, on a GPU:  scripts/lite_pack.sh FACES TEACHER PACK
#
#   FACES    folder of synthetic_128.tar, aaf_128.tar, celeba_64.tar (aligned faces) and fasseg.tar (photos, label maps)
#   TEACHER  mobilefacenet_casia_068.ckpt: a public MobileFaceNet, which tells people apart
#   PACK     folder that becomes the pack
#
# Give it again after a kill: what is finished is exported once more, what is not goes on. Runs are in runs/.
#
# The pack that ships came about in more steps, each tried by what the one before had left (its README lists them). This
# is the same way without the detours; it has not been run as a whole, and two random starts make two packs. The second
# face detector is not trained (face_detector.md of the shipped pack).
set -euo pipefail
if [ $# -ne 3 ]; then sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; fi
faces=$1 teacher=$2 pack=$3

pretrain() { riddle-pretrain data.root="$faces" export="$pack" export_overwrite=true "$@"; }

train() {
    local name=$1 last=runs/$1/checkpoints/last.ckpt
    shift
    if [ -f "$last" ]; then set -- "$@" ckpt_path="$last"; fi
    riddle-train name="$name" hydra.run.dir="runs/$name" pack.name_or_path="$pack" export="$pack" \
        export_overwrite=true trainer=gpu "$@"
}

pretrain recipe=generator
pretrain recipe=generator_adversarial recipe.start_pack="$pack" recipe.teacher="$teacher"
pretrain recipe=recogniser recipe.teacher="$teacher" recipe.generated=128 recipe.generator_pack="$pack"
pretrain recipe=encoder recipe.start_pack="$pack" recipe.teacher="$teacher"
pretrain recipe=parser
pretrain recipe=recentred
train encryptor_df experiment=involutive_df export_role=encryptor-df
train encryptor experiment=involutive start_ckpt=runs/encryptor_df/checkpoints/last.ckpt export_role=encryptor \
    "data.root=[$faces/synthetic_128.tar,$faces/aaf_128.tar,$faces/celeba_64.tar]" data.cropper.aligned=true

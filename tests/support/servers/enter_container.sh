#!/bin/sh
# Become process 1 of a container: enter an image's root, read-only but for /data and
# /tmp, as an unprivileged user without capabilities. To be run by `unshare` in
# namespaces of its own, whose end undoes every mount and ends every process.
#
# usage: enter_container.sh ROOT DATA CRONFILE UID FOLDER NAME=VALUE... COMMAND...
set -eu
root=$1 data=$2 cronfile=$3 user=$4 folder=$5
shift 5

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$data" "$root/data"
mount --bind "$cronfile" "$root/app/cronfile"
mount -o remount,bind,ro "$root"

exec chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups \
    --inh-caps=-all --bounding-set=-all --no-new-privs \
    env -i -C "$folder" "$@"

#!/bin/sh
# Even without limits runc would create a control group for each container. With this option it does without where it may
# not write, and on the node all control groups are read-only.
exec runc --rootless=true "$@"

#!/bin/sh
# Says hello to its first argument.
echo "Hello, ${1:?who shall be greeted?}!"

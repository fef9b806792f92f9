#!/bin/sh
# Fails on common misspellings.  An optional help: skipped where there is no codespell.
command -v codespell >/dev/null || { echo "skipped: no codespell"; exit 77; }
codespell --quiet-level=2 --skip='*.def,*.root,*.parquet,*.csv,*.json,*.ipynb' \
    --ignore-words-list='nd,te,ue,ba,fo,nin,ot,hist,inout,ser,mis,ans,compas,parms,sav,wight,arange,tau,ro,fpr,tpr' \
    src include docs tests/*.py tests/py README.md CONTRIBUTING.md CHANGELOG.md

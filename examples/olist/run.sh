#!/bin/sh
# Imports Olist's marketing funnel into a lake and shows its funnel.
# Usage: run.sh SOURCE_FOLDER LAKE_FOLDER   (the folder with the two CSV files, and where the lake is to be)
set -eu
if [ $# -ne 2 ]; then
  echo "Usage: run.sh SOURCE_FOLDER LAKE_FOLDER" >&2
  exit 2
fi
source_folder=$1
lake=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
accord=${ACCORD:-accord}

for file in olist_marketing_qualified_leads_dataset.csv olist_closed_deals_dataset.csv; do
  if [ ! -f "$source_folder/$file" ]; then
    echo "$source_folder has no $file. README.md says where the data are from." >&2
    exit 2
  fi
done

$accord check "$here/agreement.yaml"
$accord import "$source_folder/olist_marketing_qualified_leads_dataset.csv" --as profiles --map "$here/leads.yaml" --lake "$lake"
$accord import "$source_folder/olist_closed_deals_dataset.csv" --as deals --map "$here/deals.yaml" --lake "$lake"
$accord funnel --lake "$lake"

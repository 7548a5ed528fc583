"""National statistics: releases as published, each read by a map, kept as Parquet, and read again."""

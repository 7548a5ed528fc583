"""Invented rows of counts, for tests of the estimators: no figure here is anybody's."""

import pandas as pd

ROW = {
    "geographic_level": "Local authority",
    "area_code": "E06000033",
    "area_name": "Southend-on-Sea",
    "time_period": 2018,
    "time_identifier": "Reporting year",
    "period_start": pd.Timestamp("2017-04-01"),
    "period_end": pd.Timestamp("2018-03-31"),
    "measure": "conferences",
    "category": "Total",
    "counted": "conferences",
    "unit": "%",
    "value": 1.0,
    "printed": "",
    "status": "",
    "source": "a table",
}


def rows(*changes: dict) -> pd.DataFrame:
    """Return a row of counts for each of `changes`, which say how it differs from `ROW`."""
    return pd.DataFrame([ROW | change for change in changes])

"""How far the judge agrees with verdicts that another runner recorded."""

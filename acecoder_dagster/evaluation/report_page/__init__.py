"""Pages in HTML that need nothing beside them: the report, and the curves of a training that runs.

Belongs here: what stands on a page, its drawings as inline SVG, its template and style.
Does not belong here: measuring, SQL, Dagster.
"""

from acecoder_dagster.evaluation.report_page.curves import Training
from acecoder_dagster.evaluation.report_page.live import State, curves_page
from acecoder_dagster.evaluation.report_page.page import ReportFigures, report_page

__all__ = ["ReportFigures", "State", "Training", "curves_page", "report_page"]

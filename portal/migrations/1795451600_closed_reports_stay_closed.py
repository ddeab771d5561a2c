"""closed reports stay closed

Revision ID: 1795451600
Revises: 1795449447
Create Date: 2026-11-23 16:33:20.000000

"""
from typing import Sequence, Union

from alembic import op


# revision identifiers, used by Alembic.
revision: str = '1795451600'
down_revision: Union[str, Sequence[str], None] = '1795449447'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute("CREATE OR REPLACE FUNCTION keep_the_reports() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a closed report is never changed'; END $$")
        op.execute("CREATE TRIGGER uptime_report_no_update BEFORE UPDATE ON uptime_report FOR EACH ROW EXECUTE FUNCTION keep_the_reports()")
    else:
        op.execute("CREATE TRIGGER uptime_report_no_update BEFORE UPDATE ON uptime_report BEGIN SELECT RAISE(ABORT, 'a closed report is never changed'); END")


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP TRIGGER uptime_report_no_update ON uptime_report')
        op.execute('DROP FUNCTION keep_the_reports()')
    else:
        op.execute('DROP TRIGGER uptime_report_no_update')

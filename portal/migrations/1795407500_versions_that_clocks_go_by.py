"""versions that clocks go by

Revision ID: 1795407500
Revises: 1795407000
Create Date: 2026-11-23 03:45:00

"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op


# revision identifiers, used by Alembic.
revision: str = '1795407500'
down_revision: Union[str, Sequence[str], None] = '1795407000'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('ticket', sa.Column('counted_by', sa.String(length=40), nullable=True))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('ticket', 'counted_by')

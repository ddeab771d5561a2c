"""where the posts of merged topics went

Revision ID: 1795425200
Revises: 1795424200
Create Date: 2026-11-23 10:52:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795425200'
down_revision: Union[str, Sequence[str], None] = '1795424200'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('topic', sa.Column('merged_behind', sa.Integer(), nullable=True))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('topic', 'merged_behind')

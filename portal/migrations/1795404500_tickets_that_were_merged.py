"""tickets that were merged

Revision ID: 1795404500
Revises: 1795404000
Create Date: 2026-11-23 03:20:00

"""
from typing import Sequence, Union

from alembic import op


# revision identifiers, used by Alembic.
revision: str = '1795404500'
down_revision: Union[str, Sequence[str], None] = '1795404000'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    # In one piece: SQLite would else make the table anew, and lose with the old one what hangs on its rows.
    op.execute("ALTER TABLE ticket ADD COLUMN merged_into_id INTEGER "
               "CONSTRAINT fk_ticket_merged_into_id_ticket REFERENCES ticket (id)")
    op.create_index('ix_ticket_merged_into_id', 'ticket', ['merged_into_id'], unique=False)


def downgrade() -> None:
    """Downgrade schema."""
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_ticket_merged_into_id_ticket'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_ticket_merged_into_id'))
        batch_op.drop_column('merged_into_id')

"""bank files and reminders

Revision ID: 1795449447
Revises: 1795448880
Create Date: 2026-11-23 15:57:27.825689

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795449447'
down_revision: Union[str, Sequence[str], None] = '1795448880'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table('bank_file',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('many', sa.Integer(), nullable=False),
    sa.Column('unbooked', sa.Integer(), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_by_id', sa.Integer(), nullable=True),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['taken_by_id'], ['users.id'], name=op.f('fk_bank_file_taken_by_id_users'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bank_file')),
    sa.UniqueConstraint('sha256', name=op.f('uq_bank_file_sha256'))
    )
    op.create_table('dunning_hold',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('held_until', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['billing_account.id'], name=op.f('fk_dunning_hold_account_id_billing_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_dunning_hold_by_id_users'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dunning_hold'))
    )
    with op.batch_alter_table('dunning_hold', schema=None) as batch_op:
        batch_op.create_index('uq_dunning_hold_now', ['account_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.create_table('invoice_reminder',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('invoice_id', sa.Integer(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_invoice_reminder_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['invoice_id'], ['invoice.id'], name=op.f('fk_invoice_reminder_invoice_id_invoice'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoice_reminder')),
    sa.UniqueConstraint('invoice_id', 'level', name=op.f('uq_invoice_reminder_invoice_id'))
    )
    # Added in place: nobody rewrites tables of money.
    for column, words in (
        ('named', "VARCHAR(200) DEFAULT '' NOT NULL"),
        ('kind', "VARCHAR(8) DEFAULT 'received' NOT NULL"),
        ('file_id', 'INTEGER CONSTRAINT fk_bank_entry_file_id_bank_file REFERENCES bank_file (id)'),
        ('why', "VARCHAR(500) DEFAULT '' NOT NULL"),
        ('turns', 'INTEGER DEFAULT 0 NOT NULL'),
    ):
        op.execute(f'ALTER TABLE bank_entry ADD COLUMN {column} {words}')
    op.add_column('bank_entry', sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_bank_entry_file_id', 'bank_entry', ['file_id'], unique=False)
    op.add_column('payment', sa.Column('reversed_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.drop_column('reversed_at')

    with op.batch_alter_table('bank_entry', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_bank_entry_file_id_bank_file'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_bank_entry_file_id'))
        batch_op.drop_column('turns')
        batch_op.drop_column('why')
        batch_op.drop_column('decided_at')
        batch_op.drop_column('file_id')
        batch_op.drop_column('kind')
        batch_op.drop_column('named')

    op.drop_table('invoice_reminder')
    with op.batch_alter_table('dunning_hold', schema=None) as batch_op:
        batch_op.drop_index('uq_dunning_hold_now', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.drop_table('dunning_hold')
    op.drop_table('bank_file')

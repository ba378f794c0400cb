"""Items, their photos, and the log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "log",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("item", sa.String(32), nullable=False),
        sa.Column("line", sa.Text, nullable=False),
    )
    op.create_index("ix_log_item", "log", ["item"])
    op.create_table(
        "bodies",
        sa.Column("number", NUMBER, sa.ForeignKey("log.number"), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "items",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("opened", NUMBER, nullable=False, unique=True),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("photos", sa.Integer, nullable=False),
        sa.Column("delete_after", sa.Date, nullable=True),
    )
    op.create_index("ix_items_delete_after", "items", ["delete_after"])
    op.create_table(
        "photos",
        sa.Column("item", sa.String(32), sa.ForeignKey("items.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.create_index("ix_photos_sha256", "photos", ["sha256"])
    op.create_table(
        "pictures",
        sa.Column("item", sa.String(32), sa.ForeignKey("items.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("picture", sa.LargeBinary, nullable=False),
        sa.Column("map", sa.LargeBinary, nullable=False),
    )

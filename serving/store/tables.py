"""The tables of a store.

The log is what happened; all else follows from it, or is what its lines vouch for by hash. Bodies
stand apart from the log, so that they can be deleted and the chain still holds.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")

log = Table(
    "log",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("item", String(32), nullable=False, index=True),
    Column("line", Text, nullable=False),
)
"""Every change, in order: a line as `custody` writes it, chained to the one before."""

bodies = Table(
    "bodies",
    metadata,
    Column("number", ForeignKey("log.number"), primary_key=True),
    Column("body", Text, nullable=False),
)
"""What each line of the log vouches for, as JSON; gone for deleted items."""

items = Table(
    "items",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("opened", Number, nullable=False, unique=True),
    Column("version", Number, nullable=False),
    Column("name", Text, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("photos", Integer, nullable=False),
    Column("delete_after", Date, nullable=True, index=True),
)
"""One line an item, to list them by; follows from the log."""

photos = Table(
    "photos",
    metadata,
    Column("item", ForeignKey("items.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
)
"""Which item has which upload; follows from the log."""

pictures = Table(
    "pictures",
    metadata,
    Column("item", ForeignKey("items.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("picture", LargeBinary, nullable=False),
    Column("map", LargeBinary, nullable=False),
)
"""What pages show of a photo, WebP; made again whenever the item is judged."""

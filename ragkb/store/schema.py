"""The catalogue's tables, format 3. SQLite is the only source of truth; the index files can be rebuilt from it.

Whoever changes a table raises FORMAT, teaches migrate.py the step from the format before, and checks in a store of that
format under tests/store/formats.
"""

from __future__ import annotations

APPLICATION_ID = 0x52414742  # "RAGB": tells our catalogue from a foreign SQLite file
FORMAT = 3

# A changed document is a new row with a new number under the same id. Numbers are never used twice. What is long comes
# last: what stands before it is read without it.
DOCUMENTS = """
CREATE TABLE documents (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  generation INTEGER NOT NULL,
  access TEXT NOT NULL,         -- JSON array of the groups that may read it, sorted, empty for everyone
  access_checksum INTEGER NOT NULL,  -- CRC-32 over number and access: whoever is not sure may not read
  root TEXT NOT NULL,
  source TEXT NOT NULL,
  media_type TEXT NOT NULL,
  language TEXT NOT NULL,
  sha256 TEXT NOT NULL,         -- of the file's bytes
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  ingested_at TEXT NOT NULL,
  checksum TEXT NOT NULL,       -- SHA-256 over the row and its chunks: see documents.checksum
  pages INTEGER,
  characters INTEGER NOT NULL,
  title TEXT NOT NULL,
  metadata TEXT NOT NULL,       -- JSON object of scalars
  page_starts TEXT NOT NULL,    -- JSON
  headings TEXT NOT NULL,       -- JSON [[start, level, title], ..]
  tables TEXT NOT NULL,         -- JSON [[start, end, header], ..]
  text TEXT NOT NULL,
  UNIQUE (root, source)
);
CREATE INDEX documents_sha256 ON documents (sha256);
CREATE INDEX documents_generation ON documents (generation);
"""

SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
{DOCUMENTS}
CREATE TABLE chunks (
  number INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  page INTEGER,
  heading TEXT NOT NULL,        -- JSON array
  context TEXT NOT NULL,
  digest BLOB NOT NULL          -- key of its embedding
);
CREATE INDEX chunks_document ON chunks (document);
CREATE INDEX chunks_digest ON chunks (digest);

CREATE TABLE embeddings (
  digest BLOB NOT NULL,
  model TEXT NOT NULL,
  vector BLOB NOT NULL,         -- float16, little endian
  checksum INTEGER NOT NULL,    -- CRC-32 of the vector
  PRIMARY KEY (digest, model)
) WITHOUT ROWID;

-- Documents that are gone from the catalogue. The lexical index may still hold their rows until its next commit.
CREATE TABLE removed (
  document INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  in_lexical INTEGER NOT NULL
);

-- Of originals, whose file is named by its sha256, name is the number of the document and rows is 0. (This stands here
-- since the catalogue keeps the text between the brackets, and verify compares it.)
CREATE TABLE index_files (
  kind TEXT NOT NULL,           -- vectors, lexical
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  rows INTEGER NOT NULL,        -- vectors: deleted ones included; lexical: 0
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;
"""

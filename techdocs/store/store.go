// Package store keeps what files of documentation hold, by content, and makes sites
// of them. It holds what the event log names by Git's ids. Start with [Store.Published].
package store

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"log/slog"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is a file of SQLite with contents and rendered pages. It is safe for
// concurrent use.
type Store struct {
	db    *sql.DB
	pages *pages
	sites sites
}

// Open opens or creates the file.
func Open(ctx context.Context, path string, logger *slog.Logger) (*Store, error) {
	db, err := sqlstore.OpenDB(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Store{db: db, pages: &pages{db: db, logger: logger}}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Blob returns a content by Git's id of it, or an error of kind fault.NotFound.
func (s *Store) Blob(ctx context.Context, id string) (content []byte, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT content FROM blobs WHERE id = ?", id).Scan(&content)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "the content %.12s of a file of documentation is not here: what the newest commit needs is read again with the next comparison of the repository, what was before is not", id)
	}
	return content, err
}

// Has reports whether a content is here.
func (s *Store) Has(ctx context.Context, id string) (has bool, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM blobs WHERE id = ?)", id).Scan(&has)
	return has, err
}

// HasAll reports whether all of some contents are here.
func (s *Store) HasAll(ctx context.Context, ids []string) (has bool, err error) {
	list, err := json.Marshal(append([]string{}, ids...)) // none is an empty list
	if err != nil {
		return false, err
	}
	err = s.db.QueryRowContext(ctx, "SELECT NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted LEFT JOIN blobs ON blobs.id = wanted.value WHERE blobs.id IS NULL)", string(list)).Scan(&has)
	return has, err
}

// Put keeps a content. One that does not have the id is refused: whoever asks for a
// blob gets what the id says, from whichever forge it came.
func (s *Store) Put(ctx context.Context, id string, content []byte) error {
	if id == "" || gitID(len(id), content) != id {
		return fault.New(fault.Unavailable, "the forge answered with another content than that of blob %.12s", id)
	}
	_, err := s.db.ExecContext(ctx, "INSERT INTO blobs (id, content) VALUES (?, ?) ON CONFLICT DO NOTHING", id, content)
	return err
}

// gitID is Git's id of a content, of so many characters: SHA-1, or SHA-256 where a
// repository has that.
func gitID(size int, content []byte) string {
	var h hash.Hash
	switch size {
	case 2 * sha1.Size:
		h = sha1.New()
	case 2 * sha256.Size:
		h = sha256.New()
	default:
		return ""
	}
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

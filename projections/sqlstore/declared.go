package sqlstore

import "github.com/callboard/callboard/event"

// Declare notes where an entity is declared, in a table "declared" of ref, source, repository
// and path, whose key is ref.
func (tx *Tx) Declare(ref string, at event.Origin) error {
	_, err := tx.Exec(`INSERT INTO declared (ref, source, repository, path) VALUES (?, ?, ?, ?)
		ON CONFLICT (ref) DO UPDATE SET source = excluded.source, repository = excluded.repository, path = excluded.path`,
		ref, at.Source, at.RepositoryID, at.Path)
	return err
}

// Undeclare reports whether an entity came to its end, and forgets where it was declared. One
// that is declared elsewhere did not: only a second declaration, which was refused, ended.
func (tx *Tx) Undeclare(d event.EntityRemoved) (bool, error) {
	at := d.Origin
	var elsewhere bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM declared WHERE ref = ? AND (source, repository, path) <> (?, ?, ?))`, d.Ref, at.Source, at.RepositoryID, at.Path).Scan(&elsewhere)
	if err != nil || elsewhere {
		return false, err
	}
	_, err = tx.Exec(`DELETE FROM declared WHERE ref = ?`, d.Ref)
	return err == nil, err
}

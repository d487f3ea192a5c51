package sqlstore

// Place is where an entity is declared: a file of a repository of a source.
type Place struct{ Source, Repository, Path string }

// Declare notes where an entity is declared, in a table "declared" of ref, source, repository
// and path, whose key is ref.
func (tx *Tx) Declare(ref string, at Place) error {
	_, err := tx.Exec(`INSERT INTO declared (ref, source, repository, path) VALUES (?, ?, ?, ?)
		ON CONFLICT (ref) DO UPDATE SET source = excluded.source, repository = excluded.repository, path = excluded.path`,
		ref, at.Source, at.Repository, at.Path)
	return err
}

// Undeclare reports whether an entity came to its end when its declaration at a place did, and
// forgets it. One that is declared elsewhere did not: only a second declaration, which was
// refused, ended.
func (tx *Tx) Undeclare(ref string, at Place) (bool, error) {
	var elsewhere bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM declared WHERE ref = ? AND (source, repository, path) <> (?, ?, ?))`, ref, at.Source, at.Repository, at.Path).Scan(&elsewhere)
	if err != nil || elsewhere {
		return false, err
	}
	_, err = tx.Exec(`DELETE FROM declared WHERE ref = ?`, ref)
	return err == nil, err
}

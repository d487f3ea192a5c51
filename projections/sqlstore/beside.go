package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A rebuild leaves a file of another name in use: history.db, then history.2.db,
// history.3.db. A name of this form is given to what is whole, by renaming it, so that
// the highest of them is the file in use wherever a crash comes. What is being built is
// history.next.db.
const building = "next"

// Copy is a second file of rows beside the one in use. It is folded by way of its
// Store, and then takes the place of the other, or is discarded.
type Copy struct {
	Store *Store
	of    *Store
	spare *file // of the two the one that is not in use: what Discard deletes
}

// Beside makes an empty file beside the one in use. There may be one at a time.
func (s *Store) Beside(ctx context.Context) (*Copy, error) {
	path := variant(s.path, building)
	if err := remove(path); err != nil {
		return nil, fmt.Errorf("delete what an earlier rebuild left: %w", err)
	}
	f, err := openFile(ctx, path, s.migrations)
	if err != nil {
		return nil, errors.Join(err, remove(path))
	}
	c := &Copy{Store: &Store{path: path, migrations: s.migrations}, of: s, spare: f}
	c.Store.inUse.Store(f)
	return c, nil
}

// TakeOver makes the copy the file in use: who reads the other goes on with that, and
// whoever asks from now on reads this one. On disk it counts at once, too. Nothing may
// be applied to either meanwhile. After an error the other is in use as before.
func (c *Copy) TakeOver(ctx context.Context) error {
	before := c.of.inUse.Load()
	path := variant(c.of.path, strconv.Itoa(generation(c.of.path, before.path)+1))
	// SQLite finds a WAL by the name of its file: closed and flushed it has none, and
	// can be renamed.
	if err := errors.Join(c.spare.flush(ctx), c.spare.close()); err != nil {
		return err
	}
	if err := os.Rename(c.spare.path, path); err != nil {
		return err
	}
	f, err := openFile(ctx, path, c.of.migrations)
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		if f != nil {
			err = errors.Join(err, f.close())
		}
		return errors.Join(err, remove(path))
	}
	c.Store.inUse.Store(f)
	c.of.inUse.Store(f)
	c.spare = before
	return nil
}

// Discard closes and deletes the file that is not in use, once nobody reads it any
// more: this copy, or the file in whose place it is. If ctx ends before, it stays until
// the next start.
func (c *Copy) Discard(ctx context.Context) error {
	c.spare.leave()
	return c.spare.drop(ctx)
}

// Delete deletes all files of the rows at a path. Nobody may have them open.
func Delete(path string) error {
	all, err := variants(path)
	if err != nil {
		return err
	}
	for _, one := range append(all, path) {
		if err := remove(one); err != nil {
			return err
		}
	}
	return nil
}

// tidy returns the file that is to be in use, and deletes the others.
func tidy(path string) (string, error) {
	all, err := variants(path)
	if err != nil {
		return "", err
	}
	newest := path
	for _, one := range all {
		if generation(path, one) > generation(path, newest) {
			newest = one
		}
	}
	for _, one := range append(all, path) {
		if one == newest {
			continue
		}
		if err := remove(one); err != nil {
			return "", fmt.Errorf("delete what a rebuild left: %w", err)
		}
	}
	return newest, nil
}

// variant is a file beside one: history.next.db beside history.db.
func variant(path, which string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "." + which + ext
}

// variants lists the files beside one that are there.
func variants(path string) (all []string, err error) {
	beside, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, entry := range beside {
		one := filepath.Join(filepath.Dir(path), entry.Name())
		if generation(path, one) > 1 || one == variant(path, building) {
			all = append(all, one)
		}
	}
	return all, nil
}

// generation is how many files of the same rows there were, up to one: 1 for the
// first, 0 for a file that is none of them, or is not whole.
func generation(first, path string) int {
	if path == first {
		return 1
	}
	ext := filepath.Ext(first)
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(first, ext)+".")
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSuffix(rest, ext))
	if err != nil || n < 2 || variant(first, strconv.Itoa(n)) != path {
		return 0
	}
	return n
}

// syncFolder has the names in a folder outlive a loss of power.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

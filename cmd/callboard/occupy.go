package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/callboard/callboard/internal/fault"
)

// fileLock is locked in a data folder while a process works with it. The lock goes
// with the process, however that ends.
const fileLock = "lock"

// occupy takes a data folder, which it makes, until release is called. The error is of
// kind fault.Conflict while another process has it.
func occupy(data string) (release func() error, err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	path := filepath.Join(data, fileLock)
	lock := flock.New(path, flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if !taken {
		return nil, fault.New(fault.Conflict, "the data folder %s is in use by another callboard%s: stop that first, or take another folder", data, occupant(path))
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the data folder: %w", err), lock.Unlock())
	}
	return lock.Unlock, nil
}

// occupant says which process has a folder, as far as that is known.
func occupant(path string) string {
	b, err := os.ReadFile(path)
	pid := strings.TrimSpace(string(b))
	if _, not := strconv.Atoi(pid); err != nil && !errors.Is(err, fs.ErrNotExist) || not != nil {
		return ""
	}
	return ", process " + pid
}

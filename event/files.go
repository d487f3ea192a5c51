package event

import (
	"maps"
	"slices"
	"time"
)

// FactFiles is what changed among the files on the default branch of a repository.
// Its value is a [FilesChanged]; null: nothing is known of them any more.
const FactFiles = "files"

// FilesChanged says how the files on the default branch differ from what was said of
// them before. [Files.Apply] folds it.
type FilesChanged struct {
	Whole   bool     `json:"whole,omitempty"` // what was said before does not count
	Added   []string `json:"added,omitempty"` // paths, sorted
	Removed []string `json:"removed,omitempty"`
	// Contents are those of files that are looked at, where they are new or others.
	Contents map[string]Content `json:"contents,omitempty"`
	// TooMany is how many files there are, if that is too many to be listed: then
	// there are only those that are looked at.
	TooMany int `json:"tooMany,omitempty"`
	// Docs is when the docs of a folder changed last, by the folder, where that was
	// before this event.
	Docs map[string]time.Time `json:"docs,omitempty"`
}

// Content is what is in a file.
type Content struct {
	Blob    string `json:"blob"`              // Git's id of it
	Read    bool   `json:"read,omitempty"`    // Text is known, or what is the matter with it
	Text    string `json:"text,omitempty"`    //
	Problem string `json:"problem,omitempty"` // why there is no text, for people
	License string `json:"license,omitempty"` // SPDX identifier of the licence that it is
}

// Files are the files on the default branch of a repository, as far as is known.
type Files struct {
	Paths    []string           `json:"paths,omitempty"` // sorted
	Contents map[string]Content `json:"contents,omitempty"`
	TooMany  int                `json:"tooMany,omitempty"` // as in FilesChanged
}

// Apply returns what the files are after a change. It does not write to f.
func (f Files) Apply(c FilesChanged) Files {
	now := Files{TooMany: c.TooMany, Contents: map[string]Content{}}
	if !c.Whole {
		now.Paths = slices.Clone(f.Paths)
		maps.Copy(now.Contents, f.Contents)
	}
	for _, path := range c.Removed {
		if i, found := slices.BinarySearch(now.Paths, path); found {
			now.Paths = slices.Delete(now.Paths, i, i+1)
		}
		delete(now.Contents, path)
	}
	if len(c.Added) > 0 {
		now.Paths = append(now.Paths, c.Added...)
		slices.Sort(now.Paths)
		now.Paths = slices.Compact(now.Paths)
	}
	maps.Copy(now.Contents, c.Contents)
	return now
}

// Has reports whether a file is there. It knows of those that are looked at only, if
// there are too many.
func (f Files) Has(path string) bool {
	_, found := slices.BinarySearch(f.Paths, path)
	return found
}

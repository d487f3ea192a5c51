package event

import "time"

// Repository names a repository of a source.
type Repository struct {
	Source   string `json:"source"`   // name of the configured source
	ID       string `json:"id"`       // the forge's own, the same through renames and transfers
	FullName string `json:"fullName"` // at the time, "acme/payments"
}

// RepositoryState is what a forge says of a repository, apart from what is in it.
type RepositoryState struct {
	Repository
	URL           string   `json:"url,omitempty"`           // its page
	DefaultBranch string   `json:"defaultBranch,omitempty"` // empty while the repository is
	Description   string   `json:"description,omitempty"`
	Visibility    string   `json:"visibility,omitempty"` // "public", "internal" or "private"; empty if the forge does not say
	Archived      bool     `json:"archived,omitempty"`
	Fork          bool     `json:"fork,omitempty"`
	Language      string   `json:"language,omitempty"` // the main one, as the forge sees it
	Topics        []string `json:"topics,omitempty"`   // sorted
	License       string   `json:"license,omitempty"`  // SPDX identifier, as the forge sees it
}

// RepositoryObserved says that a repository is there, or that something about it
// changed that has no event of its own.
type RepositoryObserved struct{ RepositoryState }

// RepositoryRenamed says that a repository has another full name: it was renamed,
// or transferred to another owner, or a group above it was renamed.
type RepositoryRenamed struct {
	RepositoryState
	From string `json:"from"` // the full name before
}

// RepositoryArchived says that a repository became read-only.
type RepositoryArchived struct{ RepositoryState }

// RepositoryUnarchived says that a repository can be written to again.
type RepositoryUnarchived struct{ RepositoryState }

// RepositoryDeleted says that the forge told of the end of a repository. That it
// merely cannot be found any more is no such event.
type RepositoryDeleted struct {
	Repository
	Reason string `json:"reason"` // for people
}

// RepositoryLeft says that the forge told of a repository's transfer to an owner
// that its source leaves out: it is there, and none of the source's any more.
type RepositoryLeft struct {
	Repository        // as the source knew it
	To         string `json:"to"` // the full name that it has now
}

// RepositoryDue asks to look at a repository: to ask the forge what it is called
// and where its default branch is, and to bring the catalog there. It stands in
// the deliveries log, so that it takes its turn with deliveries and is tried again
// like one. Its subject is a name of its own, like a delivery's.
type RepositoryDue struct {
	Repository
	Head   string `json:"head,omitempty"` // the commit that the branch was seen at
	Reason string `json:"reason"`         // for people: "hourly comparison"
	Gap    string `json:"gap,omitempty"`  // id of the [SourceGapFound] that this closes
}

// RepositoryBackfilled says that what happened in a repository before it was first
// read is on record now, as far as its history tells.
type RepositoryBackfilled struct {
	Repository
	Commit  string    `json:"commit"`         // that was read first, at which the past ends
	Since   time.Time `json:"since,omitzero"` // of the oldest commit
	Commits int       `json:"commits"`        // that the default branch was at
	Events  int       `json:"events"`         // that were found
}

// EventType returns the fixed name.
func (RepositoryBackfilled) EventType() Type { return TypeRepositoryBackfilled }

// EventType returns the fixed name.
func (RepositoryObserved) EventType() Type { return TypeRepositoryObserved }

// EventType returns the fixed name.
func (RepositoryRenamed) EventType() Type { return TypeRepositoryRenamed }

// EventType returns the fixed name.
func (RepositoryArchived) EventType() Type { return TypeRepositoryArchived }

// EventType returns the fixed name.
func (RepositoryUnarchived) EventType() Type { return TypeRepositoryUnarchived }

// EventType returns the fixed name.
func (RepositoryDeleted) EventType() Type { return TypeRepositoryDeleted }

// EventType returns the fixed name.
func (RepositoryLeft) EventType() Type { return TypeRepositoryLeft }

// EventType returns the fixed name.
func (RepositoryDue) EventType() Type { return TypeRepositoryDue }

package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/callboard/callboard/catalog"
)

// Origin is where a descriptor stands, at the commit that was read.
type Origin struct {
	Source       string `json:"source"`             // name of the configured source
	Repository   string `json:"repository"`         // full name at the time, "acme/payments"
	RepositoryID string `json:"repositoryId"`       // the forge's id, the same through renames
	Branch       string `json:"branch"`             //
	Commit       string `json:"commit"`             // full SHA that was read
	Path         string `json:"path"`               // of the file, with slashes
	Blob         string `json:"blob"`               // Git's id of the file's content
	Line         int    `json:"line,omitempty"`     // first line of the document in the file, from 1
	Entities     int    `json:"entities,omitempty"` // that the file is about, this one included
	URL          string `json:"url,omitempty"`      // page of the file on the branch
	Followed     string `json:"followed,omitempty"` // path of the Location descriptor that led here, if one did
	// Parent is the full ref of the Location entity that led here; empty for a
	// descriptor that was found without one.
	Parent string `json:"parent,omitempty"`
	// Includes are the files that placeholders of the document bring in.
	Includes []Include `json:"includes,omitempty"`
	// Undone says that the entity is not what the file says, as somebody undid that; nil
	// if it is. It ends with the next declaration that a file makes.
	Undone *Undone `json:"undone,omitempty"`
}

// Undone is what was undone of an entity. A registration that was undone is an
// [EntityRejected].
type Undone struct {
	// Document is the digest of the document that does not count: see [DigestOf]. It is ""
	// where a removal was undone: no file declares the entity.
	Document string `json:"document,omitempty"`
}

// DigestOf names the text of a document.
func DigestOf(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:16])
}

// Place names the file for people: "acme/payments/catalog-info.yaml". A path that
// is whole in itself, as those of locations are, stands alone.
func (o Origin) Place() string {
	if o.FromPortal() {
		return "the portal"
	}
	if o.Repository == "" || strings.Contains(o.Path, "://") || filepath.IsAbs(o.Path) {
		return o.Path
	}
	return o.Repository + "/" + o.Path
}

// RegistrationPath is the path of the descriptor that stands for a location itself.
const RegistrationPath = "registration"

// Registration reports whether it is where a location itself is declared, which
// is in no file.
func (o Origin) Registration() bool {
	return o.FromLocation() && o.Path == RegistrationPath
}

// LocationsSource is the source of all that locations lead to.
const LocationsSource = "locations"

// FromLocation reports whether a location led here.
func (o Origin) FromLocation() bool { return o.Source == LocationsSource }

// PortalSource is the source of what people made in the portal, and no file declares.
const PortalSource = "portal"

// FromPortal reports whether somebody made it in the portal.
func (o Origin) FromPortal() bool { return o.Source == PortalSource }

// Include is a file whose content became part of a document.
type Include struct {
	Path string `json:"path"` // in the repository, or its URL
	Blob string `json:"blob"` // id of the content, as in Origin; "" if it is not there
}

// Declaration is the full state of an entity with where it is declared.
type Declaration struct {
	Entity   catalog.Entity `json:"entity"`
	Document string         `json:"document"` // the YAML document as written
	Origin   Origin         `json:"origin"`
}

// EntityRegistered says that an entity is declared that was not there before, or that
// its removal was undone.
type EntityRegistered struct {
	Declaration
	Reason string `json:"reason,omitempty"` // for people, if no file made it so
}

// EntityChanged says that an entity's declaration differs from the one before,
// or that a descriptor that had been refused is good again, or that another place
// declares it from now on, or that a change was undone.
type EntityChanged struct {
	Declaration
	// Reason says, for people, why that is so if nobody changed a descriptor for it: "source old, which had it, is not configured any more".
	Reason string `json:"reason,omitempty"`
}

// EntityRemoved says that an entity's declaration is gone.
type EntityRemoved struct {
	Ref    string `json:"ref"`
	Reason string `json:"reason"` // for people: "catalog-info.yaml was deleted"
	Origin Origin `json:"origin"` // where it had been; Commit is the one that lacks it
}

// EntityRejected says that a descriptor cannot be used. What was known of the
// entity stays as it was.
type EntityRejected struct {
	Ref      string    `json:"ref,omitempty"` // empty when the text does not even say which entity it is
	Document string    `json:"document,omitempty"`
	Origin   Origin    `json:"origin"`
	Problems []Problem `json:"problems"` // never empty
	// Undone: nothing is wrong with it, but somebody undid what it had registered.
	Undone bool `json:"undone,omitempty"`
}

// EntityConflicted says that a good descriptor declares an entity that is
// declared elsewhere already. That place keeps it; Problems say what to do.
type EntityConflicted struct {
	EntityRejected
	With Origin `json:"with"` // where the entity is declared that keeps the name
}

// Problem is what is wrong in a file, and where.
type Problem struct {
	Path    string `json:"path,omitempty"` // of the field, "spec.providesApis[1]"
	Line    int    `json:"line"`           // in the file, from 1
	Column  int    `json:"column"`         // in characters, from 1
	Message string `json:"message"`
}

// EventType returns the fixed name.
func (EntityRegistered) EventType() Type { return TypeEntityRegistered }

// EventType returns the fixed name.
func (EntityChanged) EventType() Type { return TypeEntityChanged }

// EventType returns the fixed name.
func (EntityRemoved) EventType() Type { return TypeEntityRemoved }

// EventType returns the fixed name.
func (EntityRejected) EventType() Type { return TypeEntityRejected }

// EventType returns the fixed name.
func (EntityConflicted) EventType() Type { return TypeEntityConflicted }

// Describe says where in the file a problem is and what it is:
// "catalog-info.yaml:23:7 spec.providesApis[1] must be a string". A registration
// is in no file that anybody could open.
func (r EntityRejected) Describe(p Problem) string {
	what := p.Message
	if p.Path != "" {
		what = p.Path + " " + what
	}
	if r.Origin.Registration() {
		return what
	}
	return fmt.Sprintf("%s:%d:%d %s", r.Origin.Path, p.Line, p.Column, what)
}

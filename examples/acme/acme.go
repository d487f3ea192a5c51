// Package acme is the sample organisation: 21 people in eight teams, what they
// build, and six months of how it came about. README.md says how it is written
// down.
package acme

import (
	"embed"
	"io/fs"
	"strings"

	"github.com/callboard/callboard"
	"github.com/callboard/callboard/internal/demoforge"
)

//go:embed history.yaml all:repos
var files embed.FS

//go:embed all:labs
var labs embed.FS

//go:embed callboard.yaml
var config string

// Load reads the history. Play it with [demoforge.Forge.Play].
func Load() (demoforge.History, error) { return demoforge.ReadHistory(withManual{files}) }

// withManual has Callboard's own repository below repos/callboard, where it is not
// written down a second time.
type withManual struct{ fs.FS }

// Open implements [fs.FS].
func (f withManual) Open(name string) (fs.File, error) {
	if inside, ok := strings.CutPrefix(name, "repos/callboard/"); ok {
		return callboard.Repository().Open(inside)
	}
	return f.FS.Open(name)
}

// LoadLabs reads the history of Acme Labs, an organisation and a group that nobody has
// connected yet.
func LoadLabs() (demoforge.History, error) {
	files, err := fs.Sub(labs, "labs")
	if err != nil {
		return demoforge.History{}, err
	}
	return demoforge.ReadHistory(files)
}

// Config is the text of the portal's configuration, without where the forges are.
func Config() string { return config }

// Package acme is the sample organisation: 21 people in eight teams, what they
// build, and six months of how it came about. README.md says how it is written
// down.
package acme

import (
	"embed"

	"github.com/callboard/callboard/internal/demoforge"
)

//go:embed history.yaml all:repos
var files embed.FS

//go:embed callboard.yaml
var config string

// Load reads the history. Play it with [demoforge.Forge.Play].
func Load() (demoforge.History, error) { return demoforge.ReadHistory(files) }

// Config is the text of the portal's configuration, without where the forges are.
func Config() string { return config }

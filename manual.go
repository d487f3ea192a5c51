// Package callboard holds Callboard's own repository as far as its manual needs it: the
// sample organisation publishes it as the documentation of a component. The command is
// in cmd/callboard; docs/architecture.md says what else is where.
package callboard

import (
	"embed"
	"io/fs"
)

// Besides docs, what its pages link to.
//
//go:embed README.md catalog-info.yaml mkdocs.yml docs api/openapi.yaml bench/README.md
var repository embed.FS

// Repository is the manual and what belongs to it, by the paths that they have here.
func Repository() fs.FS { return repository }

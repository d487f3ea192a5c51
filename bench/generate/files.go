package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
)

const (
	perFile     = 250  // entities; a file stays below descriptor.MaxSize
	perLocation = 1000 // files: what a Location may list
)

// writeFiles writes the entities to part-00001.yaml and so on, and root.yaml,
// whose Locations list these.
func writeFiles(ctx context.Context, p *population.Population, folder string) error {
	var root bytes.Buffer
	for file := 0; file*perFile < p.Len(); file++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := fmt.Sprintf("part-%05d.yaml", file+1)
		if file%perLocation == 0 {
			fmt.Fprintf(&root, "---\napiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: population-%d\nspec:\n  targets:\n", file/perLocation+1)
		}
		fmt.Fprintf(&root, "    - ./%s\n", name)
		var part bytes.Buffer
		for i := file * perFile; i < min((file+1)*perFile, p.Len()); i++ {
			_, text, err := describe(p, i)
			if err != nil {
				return err
			}
			part.WriteString("---\n")
			part.Write(text)
		}
		if err := os.WriteFile(filepath.Join(folder, name), part.Bytes(), 0o644); err != nil {
			return fmt.Errorf("write the entities: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "root.yaml"), root.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the root: %w", err)
	}
	return nil
}

// describe returns entity i and its descriptor.
func describe(p *population.Population, i int) (*catalog.Entity, []byte, error) {
	e, problems := catalog.FromObject(p.Entity(i))
	if len(problems) > 0 {
		return nil, nil, fmt.Errorf("the population's entity %s is not valid: %v", p.Ref(i), problems)
	}
	text, err := descriptor.Format(e)
	return e, text, err
}

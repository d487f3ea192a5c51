package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

func checkCommand(p process) *cobra.Command {
	var (
		file     string
		proposal proposalFlags
	)
	c := &cobra.Command{
		Use:   "check [descriptor ...]",
		Short: "Check the configuration and descriptors, or what a change would do",
		Long: `Check a configuration file, descriptors such as catalog-info.yaml, or both, and
report every problem with file, line and column. Nothing is read but these files,
those that the configuration names, the descriptors that its locations of type
file lead to, and files of the same repository that placeholders such as $text
bring in. With a configuration, descriptors may be of
the kinds that it declares. An exemption or initiative is compared with its scorecard
where that is among the descriptors; only a portal knows what else is there.

With --scorecards a running portal says what a checkout would do if it were on the
default branch of its repository: which entities would come, change or go, which
descriptors would be refused, what scorecards, exemptions and initiatives would name that
is not there, and which scores would change, by which rule. It is sent
the paths of the files that Git keeps and, of those that it asks for, the contents as
they are on disk. Nothing is recorded, and no token is needed.

Exit codes: 0 all is fine, 1 there are problems, 2 the command was called wrongly.`,
		Example: `  callboard check --config callboard.yaml
  callboard check catalog-info.yaml services/*/catalog-info.yaml
  callboard check --scorecards . --portal https://portal.example.com --repository acme/payments`,
		RunE: func(c *cobra.Command, paths []string) error {
			switch {
			case proposal.on && file != "":
				return usageError{fault.New(fault.Invalid, "--scorecards asks a portal, which has a configuration: leave out --config"), "callboard check"}
			case proposal.on:
				return proposal.check(c.Context(), p, paths)
			case proposal.set():
				return usageError{fault.New(fault.Invalid, "--portal, --repository, --source, --fail-on and --json belong to --scorecards"), "callboard check"}
			}
			if file == "" && len(paths) == 0 {
				return usageError{fault.New(fault.Invalid, "name a descriptor, or a configuration with --config"), "callboard check"}
			}
			k := checker{out: p.Stdout, kinds: builtInKinds(), declared: map[string]declared{}}
			if file != "" {
				if err := k.config(c.Context(), p, file); err != nil {
					return err
				}
			}
			for _, path := range paths {
				if err := k.descriptor(path); err != nil {
					return err
				}
			}
			k.names(time.Now())
			if k.problems > 0 {
				return fault.New(fault.Invalid, "there are problems")
			}
			fmt.Fprintln(p.Stdout, "All is fine.")
			return nil
		},
	}
	c.Flags().StringVar(&file, "config", "", "configuration file")
	proposal.add(c)
	return c
}

// checker prints problems and counts them.
type checker struct {
	out      io.Writer
	kinds    catalog.Kinds
	declared map[string]declared // by ref
	problems int
}

// declared is where an entity was met first, and the entity if it is good.
type declared struct {
	path string
	line int

	entity   *catalog.Entity
	document string
}

func (k *checker) problem(path string, line, column int, text string) {
	fmt.Fprintf(k.out, "%s:%d:%d: %s\n", path, line, column, text)
	k.problems++
}

// meet notes where an entity is declared, which only one place may do.
func (k *checker) meet(ref string, d declared) {
	before, met := k.declared[ref]
	switch {
	case !met:
		k.declared[ref] = d
	case before.path == d.path && before.line == d.line: // by way of two locations
	case before.path == d.path:
		k.problem(d.path, d.line, 1, fmt.Sprintf("%s is declared in line %d already", ref, before.line))
	default:
		k.problem(d.path, d.line, 1, fmt.Sprintf("%s is declared in %s:%d already", ref, before.path, before.line))
	}
}

// names tells what exemptions and initiatives name that their scorecards do not have.
func (k *checker) names(now time.Time) {
	names := scorecards.Names{Partial: true, Get: func(ref string) *catalog.Entity { return k.declared[ref].entity }}
	for _, ref := range slices.Sorted(maps.Keys(k.declared)) {
		d := k.declared[ref]
		if d.entity == nil {
			continue
		}
		for _, missing := range names.Missing(d.entity, now) {
			at := descriptor.Locate(d.document, d.line, missing)
			k.problem(d.path, at.Line, at.Column, missing.Path+" "+missing.Message)
		}
	}
}

// descriptor checks a descriptor that was named.
func (k *checker) descriptor(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read descriptor: %w", err)
	}
	parsed := descriptor.ResolveOf(k.kinds, b, fromDisk(path))
	all := parsed.Problems // some of which the documents repeat
	for _, d := range parsed.Documents {
		for _, p := range d.Problems {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	for _, p := range all {
		k.problem(path, p.Line, p.Column, strings.TrimSpace(p.Path+" "+p.Message))
	}
	for _, d := range parsed.Documents {
		if d.Ref.Kind != "" {
			one := declared{path: fromHere(path), line: d.Line}
			if len(d.Problems) == 0 {
				one.entity, one.document = d.Entity, d.Text
			}
			k.meet(d.Ref.String(), one)
		}
	}
	if len(all) == 0 && len(parsed.Documents) == 0 {
		k.problem(path, 1, 1, "the file declares nothing")
	}
	return nil
}

// fromDisk returns what placeholders of a descriptor bring in: files of the Git
// repository around it, or of its folder when there is none.
func fromDisk(file string) descriptor.Include {
	return func(p descriptor.Placeholder) ([]byte, error) {
		fail := func(err error) ([]byte, error) {
			return nil, fault.New(fault.Invalid, "could not read location %s: %w", p.Target, err)
		}
		if strings.Contains(p.Target, "://") {
			return fail(errors.New("only paths are read here, not URLs"))
		}
		folder, err := filepath.Abs(filepath.Dir(file))
		if err != nil {
			return fail(err)
		}
		top := repositoryOf(folder)
		name := filepath.Join(folder, filepath.FromSlash(p.Target))
		if strings.HasPrefix(p.Target, "/") {
			name = filepath.Join(top, filepath.Clean(filepath.FromSlash(p.Target)))
		}
		within, err := filepath.Rel(top, name)
		if err != nil || !filepath.IsLocal(within) {
			return fail(fmt.Errorf("it is %q, which leads out of the repository", p.Target))
		}
		f, err := os.OpenInRoot(top, within) // nor by way of a symbolic link
		if err != nil {
			return fail(err)
		}
		defer f.Close()
		content, err := io.ReadAll(io.LimitReader(f, descriptor.MaxSize+1))
		if err != nil {
			return fail(err)
		}
		return content, nil
	}
}

// repositoryOf returns the folder of the Git repository that a folder is in, or
// itself.
func repositoryOf(folder string) string {
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return folder
		}
	}
}

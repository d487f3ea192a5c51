package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

func checkCommand(p process) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "check [descriptor ...]",
		Short: "Check the configuration and descriptors",
		Long: `Check a configuration file, descriptors such as catalog-info.yaml, or both, and
report every problem with file, line and column. Nothing is read but these files,
those that the configuration names, and those of the same repository that
placeholders such as $text bring in. With a configuration, descriptors may be of
the kinds that it declares.

Exit codes: 0 all is fine, 1 there are problems, 2 the command was called wrongly.`,
		Example: `  callboard check --config callboard.yaml
  callboard check catalog-info.yaml services/*/catalog-info.yaml`,
		RunE: func(_ *cobra.Command, paths []string) error {
			if file == "" && len(paths) == 0 {
				return usageError{fault.New(fault.Invalid, "name a descriptor, or a configuration with --config"), "callboard check"}
			}
			problems, kinds := 0, catalog.BuiltIn()
			if file != "" {
				c, err := config.Load(file, p.Env)
				if err != nil {
					fmt.Fprintln(p.Stdout, err)
					problems++
				}
				kinds = kindsOf(c)
			}
			for _, path := range paths {
				n, err := checkDescriptor(p, kinds, path)
				if err != nil {
					return err
				}
				problems += n
			}
			if problems > 0 {
				return fault.New(fault.Invalid, "there are problems")
			}
			fmt.Fprintln(p.Stdout, "All is fine.")
			return nil
		},
	}
	c.Flags().StringVar(&file, "config", "", "configuration file")
	return c
}

// checkDescriptor prints what is wrong with a descriptor and returns how many
// problems that were.
func checkDescriptor(p process, kinds catalog.Kinds, path string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read descriptor: %w", err)
	}
	parsed := descriptor.ResolveOf(kinds, b, fromDisk(path))
	all := parsed.Problems // some of which the documents repeat
	for _, d := range parsed.Documents {
		for _, p := range d.Problems {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	for _, pr := range all {
		text := pr.Message
		if pr.Path != "" {
			text = pr.Path + " " + text
		}
		fmt.Fprintf(p.Stdout, "%s:%d:%d: %s\n", path, pr.Line, pr.Column, text)
	}
	return len(all), nil
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

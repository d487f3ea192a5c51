package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/spf13/cobra"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/internal/fault"
)

// proposalFlags are those of callboard check --scorecards.
type proposalFlags struct {
	on                         bool
	portal, source, repository string
	failOn                     string
	json                       bool
}

func (f *proposalFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.on, "scorecards", false, "say what the checkout in a folder would do to the catalog and to scores, were it on the default branch")
	c.Flags().StringVar(&f.portal, "portal", "", "with --scorecards: address of the portal")
	c.Flags().StringVar(&f.repository, "repository", "", "with --scorecards: full name of the repository, as acme/payments")
	c.Flags().StringVar(&f.source, "source", "", "with --scorecards: source of the repository, where more than one has it")
	c.Flags().StringVar(&f.failOn, "fail-on", checks.OnDrop, "with --scorecards: what the exit code is 1 for: drop (a score that falls, or a descriptor that is refused), reject (the latter alone) or never")
	c.Flags().BoolVar(&f.json, "json", false, "with --scorecards: print the outcome as JSON")
}

// set reports whether any of them is.
func (f *proposalFlags) set() bool {
	return f.portal != "" || f.repository != "" || f.source != "" || f.json || f.failOn != checks.OnDrop
}

// check asks the portal what a checkout would do.
func (f *proposalFlags) check(ctx context.Context, p process, folders []string) error {
	switch {
	case len(folders) > 1:
		return usageError{fault.New(fault.Invalid, "name one folder with a checkout, or none for this one"), "callboard check"}
	case f.portal == "" || f.repository == "":
		return usageError{fault.New(fault.Invalid, "--scorecards needs the address of the portal with --portal, and the repository with --repository"), "callboard check"}
	case !slices.Contains(checks.FailsOn(), f.failOn):
		return usageError{fault.New(fault.Invalid, "--fail-on must be one of %s, not %q", strings.Join(checks.FailsOn(), ", "), f.failOn), "callboard check"}
	}
	folder := "."
	if len(folders) == 1 {
		folder = folders[0]
	}
	c, err := openCheckout(folder)
	if err != nil {
		return err
	}
	defer func() { _ = c.root.Close() }()
	outcome, err := f.ask(ctx, c)
	if err != nil {
		return err
	}
	if f.json {
		b, err := json.MarshalIndent(outcome, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(p.Stdout, string(b))
	} else if err := outcome.Write(p.Stdout); err != nil {
		return err
	}
	if outcome.Fails(f.failOn) {
		return fault.New(fault.Invalid, "this is not to be merged as it is (--fail-on %s)", f.failOn)
	}
	return nil
}

// checkRounds is how often the portal may ask for contents: descriptors, what these lead
// to, and so on.
const checkRounds = 12

// ask sends the paths, and the contents that the portal asks for.
func (f *proposalFlags) ask(ctx context.Context, c *checkout) (*checks.Outcome, error) {
	client := newPortalClient(f.portal, "")
	client.http = &http.Client{Timeout: 2 * time.Minute}
	u := checks.Upload{Source: f.source, Repository: f.repository, Commit: c.head, Files: c.files}
	at := map[string]int{}
	for i, file := range u.Files {
		at[file.Path] = i
	}
	for range checkRounds {
		var answer struct {
			Outcome *checks.Outcome
			Wants   []string
		}
		if err := client.ask(ctx, http.MethodPost, "/api/check", u, &answer); err != nil {
			return nil, err
		}
		if answer.Outcome != nil {
			return answer.Outcome, nil
		}
		for _, path := range answer.Wants {
			i, ok := at[path]
			if !ok {
				return nil, fault.New(fault.Invalid, "the portal asks for %s, which is not in the checkout", path)
			}
			if err := c.read(&u.Files[i]); err != nil {
				return nil, err
			}
		}
	}
	return nil, fault.New(fault.Invalid, "the portal asked for contents %d times: the Locations among the descriptors lead too far", checkRounds)
}

// checkout is the files of a repository as they are on disk.
type checkout struct {
	root  *os.Root
	head  string // SHA that is checked out; "" if there is none
	files []checks.Uploaded
	left  map[string]string // files that Git keeps and a sparse checkout leaves out, with the ids of their contents
}

// openCheckout lists the files that Git keeps in the repository around a folder, as they
// are on disk; all files of the folder if it is in none.
func openCheckout(folder string) (*checkout, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, fault.New(fault.Invalid, "%s is no folder", folder)
	}
	c := &checkout{}
	if c.root, err = os.OpenRoot(repositoryOf(folder)); err != nil {
		return nil, fmt.Errorf("open the checkout: %w", err)
	}
	paths, err := c.tracked()
	if errors.Is(err, gogit.ErrRepositoryNotExists) {
		paths, err = c.all()
	}
	if err == nil {
		err = c.list(paths)
	}
	if err != nil {
		return nil, errors.Join(err, c.root.Close())
	}
	return c, nil
}

// tracked lists what Git keeps.
func (c *checkout) tracked() ([]string, error) {
	repo, err := gogit.PlainOpenWithOptions(c.root.Name(), &gogit.PlainOpenOptions{EnableDotGitCommonDir: true})
	if err != nil {
		return nil, err
	}
	if head, err := repo.Head(); err == nil {
		c.head = head.Hash().String()
	}
	index, err := repo.Storer.Index()
	if err != nil {
		return nil, fmt.Errorf("read what Git keeps in %s: %w", c.root.Name(), err)
	}
	var paths []string
	c.left = map[string]string{}
	for _, e := range index.Entries {
		if e.SkipWorktree {
			c.left[e.Name] = e.Hash.String()
		}
		if e.Mode == filemode.Regular || e.Mode == filemode.Executable || e.Mode == filemode.Deprecated {
			paths = append(paths, e.Name)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil // in a conflict there are several of one name
}

// all lists the files of a folder that is no repository.
func (c *checkout) all() (paths []string, err error) {
	err = fs.WalkDir(c.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if paths = append(paths, path); len(paths) > checks.MaxFiles {
				return tooManyFiles(c.root.Name(), len(paths))
			}
		}
		return err
	})
	return paths, err
}

func tooManyFiles(folder string, n int) error {
	return fault.New(fault.Invalid, "%s has %d files or more, and %d can be checked", folder, n, checks.MaxFiles)
}

// list names the contents of the files that are there: one that was deleted is not.
func (c *checkout) list(paths []string) error {
	if len(paths) > checks.MaxFiles {
		return tooManyFiles(c.root.Name(), len(paths))
	}
	for _, path := range paths {
		info, err := c.root.Lstat(filepath.FromSlash(path))
		if blob := c.left[path]; blob != "" && errors.Is(err, fs.ErrNotExist) {
			c.files = append(c.files, checks.Uploaded{Path: path, Blob: blob})
			continue
		}
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return fmt.Errorf("look at %s: %w", path, err)
		}
		f, err := c.root.Open(filepath.FromSlash(path))
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		blob, err := checks.BlobOf(f, info.Size())
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		c.files = append(c.files, checks.Uploaded{Path: path, Blob: blob})
	}
	return nil
}

// read fills in the content of a file. Of one that is larger than may be sent it says so.
func (c *checkout) read(to *checks.Uploaded) error {
	f, err := c.root.Open(filepath.FromSlash(to.Path))
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Invalid, "%s is needed, and the checkout leaves it out: check it out, too", to.Path)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", to.Path, err)
	}
	content, err := io.ReadAll(io.LimitReader(f, checks.MaxContent+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read %s: %w", to.Path, err)
	}
	if to.Large = len(content) > checks.MaxContent; !to.Large {
		to.Content = &content
	}
	return nil
}

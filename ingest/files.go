package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// What of a repository's files may be on record.
const (
	maxListed     = 10_000    // files, or there are too many
	maxListedText = 512 << 10 // bytes of all paths
	maxText       = 64 << 10  // bytes of one file that a rule reads
	maxTexts      = 512 << 10 // of all that are read at once
	maxCredited   = 20        // files whose own commit is asked for, where a push has several
	maxDocs       = 20        // folders of docs of which it is asked when they changed last
)

// recordFiles records which files are on the default branch, where that is another
// list than is on record or one that is looked at has another content. Whoever made
// the commits did so.
func (l *lane) recordFiles(ctx context.Context, r reading, c *creditor, t task) ([]uint64, error) {
	if l.Repositories == nil {
		return nil, nil
	}
	after, err := l.after(ctx)
	if err != nil {
		return nil, err
	}
	var was event.Files
	value, err := l.Repositories.Fact(ctx, after, l.source.Name(), r.repo.ID, event.FactFiles)
	if err != nil {
		return nil, err
	}
	if value != nil {
		if err := json.Unmarshal(value, &was); err != nil {
			return nil, err
		}
	}
	var named []string
	if l.Named != nil {
		named = l.Named()
	}
	v := view{reading: r, named: named, was: was}
	changed, any := v.changed(value == nil)
	if !any {
		return nil, nil
	}
	if err := l.readNamed(ctx, r, changed.Contents); err != nil {
		return nil, err
	}
	if err := c.compare(ctx); err != nil {
		return nil, err
	}
	if changed.Whole {
		if c.target.Time.IsZero() { // there is no commit before to compare with
			if c.target, err = l.forge.LastChange(ctx, r.repo, r.commit, ""); err != nil {
				return nil, err
			}
		}
		if changed.Docs, err = l.docsChanged(ctx, r, v.docs); err != nil {
			return nil, err
		}
	}
	events, err := l.fileEvents(ctx, r, c, t, v.credited(changed), changed)
	if err != nil {
		return nil, err
	}
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.append(ctx, events...)
}

// view is what of a reading's files is looked at.
type view struct {
	reading
	named []string    // by rules
	was   event.Files // on record
	docs  []string    // folders that have an mkdocs.yml; "" is the root
}

// looks reports whether the content of a file is looked at: that of one that rules
// name, of the licence, of docs, and of what is on record.
func (v *view) looks(file string) bool {
	_, before := v.was.Contents[file]
	return before || slices.Contains(v.named, file) || isLicense(file) ||
		slices.ContainsFunc(v.docs, func(root string) bool { return IsDocs(root, file) })
}

// IsDocs reports whether a file is part of the docs of a folder: the configuration of
// MkDocs there, or something below docs.
func IsDocs(root, file string) bool {
	if root != "" {
		var ok bool
		if file, ok = strings.CutPrefix(file, root+"/"); !ok {
			return false
		}
	}
	return isMkDocs(file) || strings.HasPrefix(file, "docs/")
}

func isMkDocs(file string) bool { return file == "mkdocs.yml" || file == "mkdocs.yaml" }

// changed compares with what is on record; false if nothing differs. What is read of
// contents is left open.
func (v *view) changed(first bool) (c event.FilesChanged, any bool) {
	size := 0
	for _, f := range v.all {
		size += len(f.Path)
		if isMkDocs(path.Base(f.Path)) {
			v.docs = append(v.docs, strings.TrimSuffix(strings.TrimSuffix(f.Path, path.Base(f.Path)), "/"))
		}
	}
	if len(v.all) > maxListed || size > maxListedText {
		c.TooMany = len(v.all)
	}
	c.Whole = first || (c.TooMany > 0) != (v.was.TooMany > 0)
	c.Contents = map[string]event.Content{}
	var now []string // sorted, as the tree is
	looked := 0
	for _, f := range v.all {
		looks := v.looks(f.Path) && looked < maxListed
		if c.TooMany > 0 && !looks {
			continue
		}
		now = append(now, f.Path)
		if !looks {
			continue
		}
		looked++
		before := v.was.Contents[f.Path]
		if c.Whole || before.Blob != f.Blob || slices.Contains(v.named, f.Path) && !before.Read {
			c.Contents[f.Path] = event.Content{Blob: f.Blob, Read: before.Read || slices.Contains(v.named, f.Path)}
		}
	}
	before := v.was.Paths
	if c.Whole {
		before = nil
	}
	c.Added, c.Removed = missing(now, before), missing(before, now)
	return c, c.Whole || len(c.Added)+len(c.Removed)+len(c.Contents) > 0
}

// missing lists what of a is not in b; both are sorted.
func missing(a, b []string) (all []string) {
	for _, one := range a {
		for len(b) > 0 && b[0] < one {
			b = b[1:]
		}
		if len(b) == 0 || b[0] != one {
			all = append(all, one)
		}
	}
	return all
}

// readNamed fills in what rules read, and which licence it is.
func (l *lane) readNamed(ctx context.Context, r reading, contents map[string]event.Content) error {
	left := maxTexts
	for _, file := range slices.Sorted(maps.Keys(contents)) {
		c := contents[file]
		if !c.Read && !isLicense(file) {
			continue
		}
		text, err := l.blobs.get(c.Blob, func() ([]byte, error) { return l.forge.Blob(ctx, r.repo, File{Path: file, Blob: c.Blob}) })
		switch {
		case fault.KindOf(err) == fault.Invalid: // too large to be looked at
			c.Problem = err.Error()
		case err != nil:
			return err
		case len(text) > maxText:
			c.Problem = "it has more than 64 KiB"
		case !utf8.Valid(text):
			c.Problem = "it is no text"
		case c.Read && len(text) > left:
			c.Problem = "the files that rules read have more than 512 KiB together"
		case c.Read:
			c.Text, left = string(text), left-len(text)
		}
		if isLicense(file) && c.Problem == "" {
			c.License = licenseOf(string(text))
		}
		if !c.Read {
			c.Problem = ""
		}
		contents[file] = c
	}
	return nil
}

// docsChanged asks when docs changed last that were there before anybody looked.
func (l *lane) docsChanged(ctx context.Context, r reading, roots []string) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	for _, root := range roots[:min(len(roots), maxDocs)] {
		for _, part := range []string{"docs", "mkdocs.yml", "mkdocs.yaml"} {
			at := path.Join(root, part)
			if part != "docs" && !r.tree[at] {
				continue
			}
			last, err := l.forge.LastChange(ctx, r.repo, r.commit, at)
			if fault.KindOf(err) == fault.NotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			if last.Time.After(all[root]) {
				all[root] = last.Time.UTC()
			}
		}
	}
	return all, nil
}

// credited lists the files whose own commits are worth asking for.
func (v *view) credited(c event.FilesChanged) []string {
	if c.Whole {
		return nil
	}
	var all []string
	for _, file := range slices.Concat(c.Removed, c.Added, slices.Sorted(maps.Keys(c.Contents))) {
		if len(all) < maxCredited && (notable(file) || v.looks(file)) && !slices.Contains(all, file) {
			all = append(all, file)
		}
	}
	return all
}

// notable reports whether it is of interest to people who put a file there, or took it
// away: those that scorecards ask for as a rule.
func notable(file string) bool {
	name := strings.ToLower(path.Base(file))
	stem, _, _ := strings.Cut(name, ".")
	switch stem {
	case "readme", "license", "licence", "copying", "codeowners", "dockerfile", "containerfile", "security", "contributing", "changelog",
		"renovate", "dependabot", "mkdocs", "openapi", "swagger", "asyncapi", "jenkinsfile", "makefile":
		return true
	}
	return strings.HasPrefix(file, ".github/workflows/") || file == ".gitlab-ci.yml" || strings.HasPrefix(name, ".renovaterc")
}

// fileEvents makes an event for each commit that changed something that was asked
// for, the oldest first. All else goes to the commit that was read.
func (l *lane) fileEvents(ctx context.Context, r reading, c *creditor, t task, credited []string, changed event.FilesChanged) ([]event.Event, error) {
	if err := c.ensure(ctx, credited); err != nil {
		return nil, err
	}
	parts := map[string]*event.FilesChanged{}
	by := map[string]credit{}
	partOf := func(file string) *event.FilesChanged {
		who := creditOf(c.target)
		if slices.Contains(credited, file) {
			who = c.found[file]
		}
		if parts[who.sha] == nil {
			parts[who.sha] = &event.FilesChanged{Contents: map[string]event.Content{}}
			by[who.sha] = who
		}
		return parts[who.sha]
	}
	for _, file := range changed.Added {
		part := partOf(file)
		part.Added = append(part.Added, file)
	}
	for _, file := range changed.Removed {
		part := partOf(file)
		part.Removed = append(part.Removed, file)
	}
	for file, content := range changed.Contents {
		partOf(file).Contents[file] = content
	}
	if len(parts) == 0 { // of a repository that is read first and has no files
		partOf("")
	}
	var events []event.Event
	for _, sha := range slices.SortedFunc(maps.Keys(parts), func(a, b string) int { return cmp.Or(by[a].at.Compare(by[b].at), cmp.Compare(a, b)) }) {
		part := parts[sha]
		part.Whole, part.TooMany, part.Docs = changed.Whole, changed.TooMany, changed.Docs
		value, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		e, err := event.New(event.SourcePrefix+r.source, r.repo.FullName, event.FactRecorded{
			Fact: event.FactFiles, Repository: r.repo.State(r.source).Repository, Value: value,
		})
		if err != nil {
			return nil, err
		}
		who := by[sha]
		e.ID, e.Time, e.Actor = event.DeriveID(0, t.cause, r.source, r.repo.ID, r.commit, event.FactFiles, sha), who.at, who.actor
		e.Cause = event.Cause{Delivery: t.received.Subject, Commit: who.sha, CommitURL: who.url}
		events = append(events, e)
	}
	return events, nil
}

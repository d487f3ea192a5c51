package ingest

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// bring finds and reads the file that a placeholder of one descriptor names. An
// error of kind fault.Invalid is the document's, and its text follows the
// placeholder's key; any other means that the descriptor cannot be judged now.
// Where the file would stand is told also if there is none: then it has no blob.
type bring func(target string) (event.Include, []byte, error)

// parse fills in what the file says, with what its placeholders bring in.
func (f *file) parse(kinds catalog.Kinds, text []byte, from bring) error {
	var failed error
	f.text = string(text)
	f.parsed = descriptor.ResolveOf(kinds, text, func(p descriptor.Placeholder) ([]byte, error) {
		if failed != nil {
			return nil, failed
		}
		at, content, err := from(p.Target)
		if at.Path != "" {
			if f.includes == nil {
				f.includes = map[string]event.Include{}
			}
			f.includes[p.Target] = at
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			failed = err
		}
		return content, err
	})
	return failed
}

// includesOf lists the files that a document brings in.
func (f *file) includesOf(doc *descriptor.Document) []event.Include {
	if doc == nil || len(doc.Placeholders) == 0 {
		return nil
	}
	byPath := map[string]event.Include{}
	for _, p := range doc.Placeholders {
		if at, ok := f.includes[p.Target]; ok {
			byPath[at.Path] = at
		}
	}
	var all []event.Include
	for _, name := range slices.Sorted(maps.Keys(byPath)) {
		all = append(all, byPath[name])
	}
	return all
}

// causeOf returns the path of the file whose content made a document what it is
// now: its own, unless that is as it was and one that it brings in is not.
func causeOf(was, now event.Origin) string {
	if was.Path == now.Path && was.Blob == now.Blob {
		for _, i := range now.Includes {
			if !slices.Contains(was.Includes, i) {
				return i.Path
			}
		}
	}
	return now.Path
}

// tree is the files of a repository at a commit.
type tree struct {
	forge Contents
	repo  Repository
	files []File // by path
	blobs *blobs
	once  *once // by path
}

// blob is the id of a file's content; "" if there is no such file.
func (t *tree) blob(name string) string {
	i, ok := slices.BinarySearchFunc(t.files, name, func(f File, path string) int { return strings.Compare(f.Path, path) })
	if !ok {
		return ""
	}
	return t.files[i].Blob
}

// bring reads a file of the tree for the descriptor at a path of it.
func (t *tree) bring(ctx context.Context, from string) bring {
	return func(target string) (at event.Include, content []byte, err error) {
		name, here, err := pathIn(target, from, t.repo)
		switch {
		case err != nil:
			return at, nil, fault.New(fault.Invalid, "could not form a URL out of %s and %s: the latter %w", from, target, err)
		case !here:
			return at, nil, fault.New(fault.Invalid, "could not form a URL out of %s and %s: a placeholder may only reference files from the same repository as the entity, which is %s on branch %s", from, target, t.repo.FullName, t.repo.DefaultBranch)
		}
		at = event.Include{Path: name, Blob: t.blob(name)}
		if at.Blob == "" {
			return at, nil, fault.New(fault.Invalid, "could not read location %s: %s has no file %s", target, t.repo.FullName, name)
		}
		content, err = t.once.get(name, func() ([]byte, error) {
			return t.blobs.get(at.Blob, func() ([]byte, error) { return t.forge.Blob(ctx, t.repo, File(at)) })
		})
		if fault.KindOf(err) == fault.Invalid { // too large to be looked at
			err = fault.New(fault.Invalid, "could not read location %s: %w", target, err)
		}
		return at, content, err
	}
}

// bring reads what the placeholders of a fetched descriptor name. Whatever goes
// wrong is the document's: a location is read again soon.
func (v *visit) bring(ctx context.Context, from fetched) bring {
	return func(target string) (at event.Include, content []byte, err error) {
		switch {
		case strings.HasPrefix(from.at.ref, "file:"):
			err = fault.New(fault.Invalid, "could not form a URL out of %s and %s: a location of type file brings in nothing; register it by URL, or let a source follow its repository", from.Path, target)
		case from.in != nil:
			at, content, err = from.in.tree.bring(ctx, from.name)(target)
		default:
			at, content, err = v.bringPage(ctx, from, target)
		}
		if ctx.Err() != nil {
			return at, nil, ctx.Err()
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			err = fault.New(fault.Invalid, "could not read location %s: %w", target, err)
		}
		return at, content, err
	}
}

// bringPage reads a page of the host that the descriptor is on.
func (v *visit) bringPage(ctx context.Context, from fetched, target string) (at event.Include, content []byte, err error) {
	address, err := absoluteURL(target, from)
	if err != nil {
		return at, nil, fault.New(fault.Invalid, "could not form a URL out of %s and %s: %w", from.Path, target, err)
	}
	u, err := url.Parse(address)
	if base, wrong := url.Parse(from.Path); err != nil || wrong != nil || u.Scheme != base.Scheme || u.Host != base.Host {
		return at, nil, fault.New(fault.Invalid, "could not form a URL out of %s and %s: a placeholder may only reference files from the same host as the entity", from.Path, target)
	}
	at.Path = address
	if err = v.mayRead(u); err == nil {
		content, err = v.page(ctx, address)
	}
	if err != nil {
		return at, nil, fault.New(fault.Invalid, "could not read location %s: %w", target, err)
	}
	at.Blob = contentID(content)
	return at, content, nil
}

// includedBlob is the id of the content that a file has which a fetched descriptor
// brought in before; "" if it cannot be read.
func (v *visit) includedBlob(ctx context.Context, from fetched, name string) string {
	if from.in != nil {
		return from.in.tree.blob(name)
	}
	at, _, err := v.bringPage(ctx, from, name)
	if err != nil {
		return ""
	}
	return at.Blob
}

// once reads each of some files once, whoever asks.
type once struct {
	mu  sync.Mutex
	all map[string]func() ([]byte, error)
}

func (o *once) get(name string, read func() ([]byte, error)) ([]byte, error) {
	o.mu.Lock()
	if o.all == nil {
		o.all = map[string]func() ([]byte, error){}
	}
	f, ok := o.all[name]
	if !ok {
		f = sync.OnceValues(read)
		o.all[name] = f
	}
	o.mu.Unlock()
	return f()
}

// pathIn returns the path in a repository that a text in the file at from means;
// here is false when it means something elsewhere.
func pathIn(text, from string, repo Repository) (name string, here bool, err error) {
	rest := text
	if strings.Contains(text, "://") {
		if rest, here = cutPage(text, repo.Pages); !here {
			return "", false, nil
		}
		if rest, err = url.PathUnescape(strings.SplitN(rest, "?", 2)[0]); err != nil {
			return "", false, fmt.Errorf("is %q, whose percent signs cannot be read", text)
		}
		rest = "/" + rest
	}
	if strings.HasPrefix(rest, "/") {
		name = path.Clean(rest)[1:]
	} else {
		name = path.Join(path.Dir(from), rest)
	}
	if name == ".." || strings.HasPrefix(name, "../") {
		return "", false, fmt.Errorf("is %q, which leads out of the repository", text)
	}
	return name, true, nil
}

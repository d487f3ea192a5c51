package demoforge

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/callboard/callboard/techdocs/markdown"
)

// pages shows what the links in API answers and payloads lead to: a
// repository, a commit, a file or a folder at a revision. Private repositories
// are shown too: there is nobody to sign in as.
func (f *Forge) pages(p Provider) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if f.git(p, w, r) {
			return
		}
		rest := strings.Trim(strings.TrimPrefix(r.URL.Path, "/"+string(p)), "/")
		f.mu.Lock()
		v, err := f.view(p, rest)
		f.mu.Unlock()
		if err != nil {
			http.Error(w, "404: nothing is at this address.", http.StatusNotFound)
			return
		}
		if v.raw != nil {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Write(v.raw) // an error means that the client has gone
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		f.page.Execute(w, v) // an error means that the client has gone
	}
}

// view is what a page shows.
type view struct {
	Repository, Root string // full path, and its page
	Title            string
	Commit           *object.Commit
	Diff             []diffLine
	Folder           []viewLink
	Lines            []string
	raw              []byte
	Pull             *PullRequest
	Statuses         []Status
	Comments         []Comment
}

type viewLink struct{ Name, URL string }

// diffLine is a line of a patch and what it is: "add", "del", "file" or "".
type diffLine struct{ Text, Kind string }

// view reads an address: <repository>, <repository>/commit/<sha>,
// <repository>/{blob,tree,raw}/<revision>/<path>, <repository>/pull/<number>, on GitLab
// merge_requests/<number>; on GitLab with /-/ after the
// repository.
func (f *Forge) view(p Provider, address string) (view, error) {
	name, rest, _ := strings.Cut(address, "/-/")
	if p == GitHub {
		owner, below, _ := strings.Cut(address, "/")
		name, rest, _ = strings.Cut(below, "/")
		name = owner + "/" + name
	}
	r := f.names[nameKey(p, name)]
	if r == nil {
		return view{}, fmt.Errorf("page %s: %w", address, errMissing)
	}
	verb, rest, _ := strings.Cut(rest, "/")
	if verb == "pull" || verb == "merge_requests" {
		return r.viewPull(rest)
	}
	if rest == "" {
		rest = r.settings.DefaultBranch
	}
	head, at, err := r.splitRevision(rest)
	if err != nil {
		return view{}, err
	}
	commit, err := r.objects.commit(head)
	if err != nil {
		return view{}, err
	}
	root := f.webURL(p) + "/" + r.name
	v := view{Repository: r.name, Root: root, Commit: commit}
	if verb == "commit" {
		v.Title = title(commit.Message)
		v.Diff, err = r.patch(commit)
		return v, err
	}
	n, err := r.objects.lookup(commit.TreeHash, at)
	if err != nil {
		return view{}, err
	}
	v.Title = at
	if n.isDir() {
		level, err := r.objects.children(n.hash)
		if err != nil {
			return view{}, err
		}
		dash := ""
		if p == GitLab {
			dash = "/-"
		}
		for _, child := range level {
			v.Folder = append(v.Folder, viewLink{child.path, root + dash + "/blob/" + path.Join(strings.TrimSuffix(rest, "/"), child.path)})
		}
		return v, nil
	}
	content, err := r.objects.blob(n.hash)
	if err != nil {
		return view{}, err
	}
	if verb == "raw" {
		v.raw = content
	}
	v.Lines = strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	return v, nil
}

// patch is what a commit changed against its first parent, line by line.
func (r *Repository) patch(c *object.Commit) ([]diffLine, error) {
	var from plumbing.Hash
	if len(c.ParentHashes) > 0 {
		parent, err := r.objects.commit(c.ParentHashes[0])
		if err != nil {
			return nil, err
		}
		from = parent.TreeHash
	}
	before := &object.Tree{}
	var err error
	if !from.IsZero() {
		if before, err = object.GetTree(r.objects.git, from); err != nil {
			return nil, err
		}
	}
	after, err := object.GetTree(r.objects.git, c.TreeHash)
	if err != nil {
		return nil, err
	}
	patch, err := before.Patch(after)
	if err != nil {
		return nil, err
	}
	var lines []diffLine
	for text := range strings.Lines(patch.String()) {
		kind := ""
		switch {
		case strings.HasPrefix(text, "diff "):
			kind = "file"
		case strings.HasPrefix(text, "+") && !strings.HasPrefix(text, "+++"):
			kind = "add"
		case strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "---"):
			kind = "del"
		}
		lines = append(lines, diffLine{text, kind})
	}
	return lines, nil
}

// comments renders what is said about proposals, as forges do.
var comments = markdown.New(markdown.Dialect{NoPermalink: true})

// commentHTML is a comment as it is shown: without what stands in it for programs only. Its
// links lead to other sites; images are not shown.
func commentHTML(text string) template.HTML {
	html := comments.Render("comment", []byte(text), nil).HTML(func(_ int, l markdown.Link) string {
		if u, err := url.Parse(l.Target); err != nil || l.Image || u.Scheme != "http" && u.Scheme != "https" {
			return ""
		}
		return l.Target
	})
	return template.HTML(html) //nolint:gosec // the renderer leaves only what is safe to show
}

func viewTemplate() *template.Template {
	return template.Must(template.New("view").Funcs(template.FuncMap{"line": func(i int) int { return i + 1 }, "comment": commentHTML}).Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Repository}}{{with .Title}}: {{.}}{{end}}</title>
<style>
body { font: 14px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
pre { overflow-x: auto; font: 12.5px/1.5 ui-monospace, monospace; border: 1px solid #8886; border-radius: 6px; padding: .75rem }
pre span { display: block } pre span:target { background: #fc06 }
.add { background: #2a42 } .del { background: #c332 } .file { font-weight: 600; margin-top: .75rem }
.note { opacity: .75 }
.comment { overflow-x: auto; border: 1px solid #8886; border-radius: 6px; padding: 0 .75rem; margin-bottom: 1rem }
table { border-collapse: collapse } th, td { border: 1px solid #8886; padding: .25rem .75rem; text-align: start }
</style>
<p class="note"><a href="{{.Root}}">{{.Repository}}</a> at the demo forge of Callboard</p>
<h1>{{or .Title .Repository}}</h1>
{{with .Commit}}<p>{{.Author.Name}} committed <code>{{printf "%.7s" .Hash.String}}</code> on {{.Committer.When.UTC.Format "2 January 2006, 15:04:05"}} UTC</p>{{end}}
{{with .Pull}}<p>{{.By.Name}} wants to merge <code>{{.Branch}}</code> into <code>{{.Into}}</code>{{if .Closed}}; it is closed{{end}}</p>{{end}}
{{range .Statuses}}<p><strong>{{.State}}</strong> {{.Context}}: {{if .TargetURL}}<a href="{{.TargetURL}}">{{.Description}}</a>{{else}}{{.Description}}{{end}}</p>{{end}}
{{range .Comments}}<section class="comment">{{comment .Text}}</section>{{end}}
{{with .Diff}}<pre>{{range .}}<span class="{{.Kind}}">{{.Text}}</span>{{end}}</pre>{{end}}
{{with .Folder}}<ul>{{range .}}<li><a href="{{.URL}}">{{.Name}}</a></li>{{end}}</ul>{{end}}
{{with .Lines}}<pre>{{range $i, $line := .}}<span id="L{{line $i}}">{{$line}}
</span>{{end}}</pre>{{end}}
</html>
`))
}

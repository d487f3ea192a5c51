package demoforge

import (
	"encoding/base64"
	"errors"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

func gitlabListTree(c *call) (answer, error) {
	q := c.URL.Query()
	tree, err := c.gitlabTree(q.Get("ref"), strings.Trim(q.Get("path"), "/"))
	if err != nil {
		return answer{}, err
	}
	read := c.repo.objects.children
	if q.Get("recursive") == "true" {
		read = c.repo.objects.flatten
	}
	nodes, err := read(tree.hash)
	if err != nil {
		return answer{}, err
	}
	p := c.page(20)
	from, to := p.cut(len(nodes))
	keyset := q.Get("pagination") == "keyset"
	if keyset {
		if from, err = after(nodes, q.Get("page_token")); err != nil {
			return answer{}, err
		}
		to = min(from+p.size, len(nodes))
	}
	items := []jsonObject{}
	for _, n := range nodes[from:to] {
		full := path.Join(tree.path, n.path)
		items = append(items, jsonObject{"id": n.hash.String(), "name": path.Base(full), "type": n.kind(), "path": full, "mode": gitMode(n.mode)})
	}
	if !keyset {
		return answer{value: items, header: c.gitlabLinks(p, to < len(nodes), len(nodes))}, nil
	}
	a := answer{value: items}
	if to < len(nodes) {
		a.header = http.Header{"Link": {c.link("next", map[string]string{"page_token": pageToken(nodes[to-1])})}}
	}
	return a, nil
}

// gitlabTree finds a folder at a revision.
func (c *call) gitlabTree(rev, at string) (node, error) {
	commit, err := c.gitlabRevision(rev, "Tree")
	if err != nil {
		return node{}, err
	}
	n, err := c.repo.objects.lookup(commit.TreeHash, at)
	if err == nil && !n.isDir() || errors.Is(err, errMissing) {
		return node{}, refusal{status: http.StatusNotFound, message: "404 invalid revision or path Not Found"}
	}
	return n, err
}

// pageToken names the last node of a page; after finds where the next begins.
func pageToken(n node) string { return base64.RawURLEncoding.EncodeToString([]byte(n.path)) }

func after(nodes []node, token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	for i, n := range nodes {
		if pageToken(n) == token {
			return i + 1, nil
		}
	}
	return 0, refusal{status: http.StatusBadRequest, message: "400 Bad request - could not find page token"}
}

func gitlabGetRawBlob(c *call) (answer, error) {
	content, err := c.repo.objects.blob(plumbing.NewHash(c.PathValue("sha")))
	if errors.Is(err, errMissing) {
		return answer{}, refusal{status: http.StatusNotFound, message: "404 Blob Not Found"}
	}
	return text(content, "text/plain; charset=utf-8"), err
}

func gitlabGetRawFile(c *call) (answer, error) {
	content, header, err := c.gitlabFile()
	a := text(content, "text/plain; charset=utf-8")
	a.header = header
	return a, err
}

func gitlabGetFile(c *call) (answer, error) {
	content, h, err := c.gitlabFile()
	if err != nil {
		return answer{}, err
	}
	return answer{header: h, value: jsonObject{
		"file_name": h.Get("X-Gitlab-File-Name"), "file_path": h.Get("X-Gitlab-File-Path"), "ref": h.Get("X-Gitlab-Ref"),
		"size": len(content), "encoding": "base64", "content": base64.StdEncoding.EncodeToString(content),
		"blob_id": h.Get("X-Gitlab-Blob-Id"), "commit_id": h.Get("X-Gitlab-Commit-Id"), "last_commit_id": h.Get("X-Gitlab-Last-Commit-Id"),
	}}, nil
}

// gitlabFile reads a file at a revision, with the headers that describe it.
func (c *call) gitlabFile() ([]byte, http.Header, error) {
	rev, at := c.URL.Query().Get("ref"), c.PathValue("path")
	commit, err := c.gitlabRevision(rev, "Commit")
	if err != nil {
		return nil, nil, err
	}
	n, err := c.repo.objects.lookup(commit.TreeHash, at)
	if err == nil && n.kind() != "blob" || errors.Is(err, errMissing) {
		return nil, nil, refusal{status: http.StatusNotFound, message: "404 File Not Found"}
	} else if err != nil {
		return nil, nil, err
	}
	content, err := c.repo.objects.blob(n.hash)
	if err != nil {
		return nil, nil, err
	}
	last, _, err := c.repo.list(commit.Hash, at, false, "", "", page{1, 1})
	if err != nil {
		return nil, nil, err
	}
	h := http.Header{}
	h.Set("X-Gitlab-Blob-Id", n.hash.String())
	h.Set("X-Gitlab-Commit-Id", commit.Hash.String())
	h.Set("X-Gitlab-Last-Commit-Id", last[0].Hash.String())
	h.Set("X-Gitlab-File-Name", path.Base(at))
	h.Set("X-Gitlab-File-Path", at)
	h.Set("X-Gitlab-Ref", rev)
	h.Set("X-Gitlab-Size", strconv.Itoa(len(content)))
	return content, h, nil
}

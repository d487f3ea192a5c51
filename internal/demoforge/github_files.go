package demoforge

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Limits of https://docs.github.com/rest/repos/contents#get-repository-content.
const (
	githubContentSize   = 1 << 20 // bytes that are given inside JSON
	githubFolderEntries = 1000
)

func githubGetTree(c *call) (answer, error) {
	if len(c.repo.refs) == 0 {
		return answer{}, refusal{status: http.StatusConflict, message: "Git Repository is empty."}
	}
	rev := c.PathValue("rev")
	tree := plumbing.NewHash(rev)
	if h, err := c.repo.resolve(rev); err == nil {
		commit, err := c.repo.objects.commit(h)
		if err != nil {
			return answer{}, err
		}
		tree = commit.TreeHash
	}
	limit := c.forge.options.TreeEntries
	if c.fault.TreeEntries > 0 {
		limit = c.fault.TreeEntries
	}
	recursive := c.URL.Query().Get("recursive") != "" // any value will do, even 0
	body, err := c.repo.remember(fmt.Sprintf("%s %t %d", tree, recursive, limit), func() ([]byte, error) {
		read := c.repo.objects.children
		if recursive {
			read = c.repo.objects.flatten
		}
		nodes, err := read(tree)
		if err != nil {
			return nil, err
		}
		return json.Marshal(c.repo.githubTree(tree, nodes, limit))
	})
	return answer{body: body, kind: "application/json; charset=utf-8"}, err
}

func (r *Repository) githubTree(tree plumbing.Hash, nodes []node, limit int) jsonObject {
	entries := make([]githubTreeEntry, 0, min(len(nodes), limit))
	for _, n := range nodes[:min(len(nodes), limit)] {
		e := githubTreeEntry{Path: n.path, Mode: gitMode(n.mode), Type: n.kind(), SHA: n.hash.String()}
		switch e.Type {
		case "blob":
			e.Size = &n.size
			e.URL = r.githubAPI() + "/git/blobs/" + e.SHA
		case "tree":
			e.URL = r.githubAPI() + "/git/trees/" + e.SHA
		}
		entries = append(entries, e)
	}
	return jsonObject{
		"sha": tree.String(), "url": r.githubAPI() + "/git/trees/" + tree.String(),
		"tree": entries, "truncated": len(nodes) > limit,
	}
}

// githubTreeEntry is a struct, unlike its like: there are thousands of them.
type githubTreeEntry struct {
	Path string `json:"path"`
	Mode string `json:"mode"`
	Type string `json:"type"`
	SHA  string `json:"sha"`
	Size *int64 `json:"size,omitempty"`
	URL  string `json:"url,omitempty"`
}

// gitMode writes a mode as Git's tree listings do, in six digits.
func gitMode(m filemode.FileMode) string { return fmt.Sprintf("%06o", uint32(m)) }

func githubGetBlob(c *call) (answer, error) {
	sha := c.PathValue("sha")
	content, err := c.repo.objects.blob(plumbing.NewHash(sha))
	if err != nil {
		return answer{}, err
	}
	if c.wants("raw") {
		return text(content, "application/vnd.github.raw; charset=utf-8"), nil
	}
	return answer{value: jsonObject{
		"sha": sha, "node_id": nodeID("B", c.repo.id), "size": len(content), "url": c.repo.githubAPI() + "/git/blobs/" + sha,
		"content": wrapped(content), "encoding": "base64",
	}}, nil
}

func githubGetContents(c *call) (answer, error) {
	rev := c.URL.Query().Get("ref")
	if len(c.repo.refs) == 0 {
		return answer{}, refusal{status: http.StatusNotFound, message: "This repository is empty."}
	}
	head, err := c.repo.resolve(rev)
	if errors.Is(err, errMissing) && rev != "" {
		return answer{}, refusal{status: http.StatusNotFound, message: "No commit found for the ref " + rev}
	} else if err != nil {
		return answer{}, err
	}
	if rev == "" {
		rev = c.repo.settings.DefaultBranch
	}
	commit, err := c.repo.objects.commit(head)
	if err != nil {
		return answer{}, err
	}
	at := strings.Trim(c.PathValue("path"), "/")
	n, err := c.repo.objects.lookup(commit.TreeHash, at)
	if err != nil {
		return answer{}, err
	}
	if n.isDir() {
		level, err := c.repo.objects.children(n.hash)
		if err != nil {
			return answer{}, err
		}
		list := []jsonObject{}
		for _, child := range level[:min(len(level), githubFolderEntries)] {
			child.path = path.Join(at, child.path)
			list = append(list, c.repo.githubContent(child, rev))
		}
		return answer{value: list}, nil
	}
	o := c.repo.githubContent(n, rev)
	if n.kind() == "commit" {
		return answer{value: o}, nil
	}
	content, err := c.repo.objects.blob(n.hash)
	if err != nil {
		return answer{}, err
	}
	switch {
	case c.wants("raw"):
		return text(content, "application/vnd.github.raw; charset=utf-8"), nil
	case o["type"] == "symlink":
		o["target"] = string(content)
	case len(content) > githubContentSize:
		o["content"], o["encoding"] = "", "none"
	default:
		o["content"], o["encoding"] = wrapped(content), "base64"
	}
	return answer{value: o}, nil
}

// githubContent is an item of a folder, without what is in it.
func (r *Repository) githubContent(n node, rev string) jsonObject {
	kind := map[filemode.FileMode]string{filemode.Dir: "dir", filemode.Symlink: "symlink", filemode.Submodule: "submodule"}[n.mode]
	if kind == "" {
		kind = "file"
	}
	o := jsonObject{
		"type": kind, "name": path.Base(n.path), "path": n.path, "sha": n.hash.String(), "size": n.size,
		"url":     r.githubAPI() + "/contents/" + n.path + "?ref=" + rev,
		"git_url": r.githubAPI() + "/git/" + n.kind() + "s/" + n.hash.String(), "html_url": r.githubPage() + "/blob/" + rev + "/" + n.path,
		"download_url": nil,
	}
	if kind == "file" {
		o["download_url"] = r.githubPage() + "/raw/" + rev + "/" + n.path
	}
	return o
}

// wrapped is base64 in lines of 60, as GitHub writes it.
func wrapped(content []byte) string {
	var b strings.Builder
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(content)), 60) {
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

package techdocs

import (
	"path"
	"strings"
)

// FileType returns the type that a file of documentation is served with, and whether a
// browser may show it. All that is not here, HTML and scripts above all, is bytes to keep.
func FileType(name string) (typ string, shown bool) {
	switch strings.ToLower(path.Ext(name)) {
	case ".png":
		return "image/png", true
	case ".jpg", ".jpeg":
		return "image/jpeg", true
	case ".gif":
		return "image/gif", true
	case ".webp":
		return "image/webp", true
	case ".avif":
		return "image/avif", true
	case ".ico":
		return "image/x-icon", true
	case ".svg":
		return "image/svg+xml", true
	case ".mp4":
		return "video/mp4", true
	case ".webm":
		return "video/webm", true
	case ".mp3":
		return "audio/mpeg", true
	case ".ogg":
		return "audio/ogg", true
	case ".txt", ".json", ".yaml", ".yml", ".toml", ".csv", ".log", ".puml", ".mmd":
		return "text/plain; charset=utf-8", true
	case ".pdf":
		return "application/pdf", false
	}
	return "application/octet-stream", false
}

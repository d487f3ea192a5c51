package catalog

// Annotations that Callboard writes itself, from where a descriptor was read.
// See https://backstage.io/docs/features/software-catalog/well-known-annotations.
const (
	AnnotationLocation       = "backstage.io/managed-by-location"        // "url:" and the file's page
	AnnotationOriginLocation = "backstage.io/managed-by-origin-location" // the location that led there first
	AnnotationViewURL        = "backstage.io/view-url"                   // page of the file
	AnnotationEditURL        = "backstage.io/edit-url"                   // page on which to edit it
	AnnotationSourceLocation = "backstage.io/source-location"            // "url:" and the folder of the file
)

// DerivedAnnotations lists the annotations that follow from where a descriptor
// stands rather than from what it says. When nothing but these differs, the
// entity has not changed; [Diff] leaves them out.
func DerivedAnnotations() []string {
	return []string{AnnotationLocation, AnnotationOriginLocation, AnnotationViewURL, AnnotationEditURL, AnnotationSourceLocation}
}

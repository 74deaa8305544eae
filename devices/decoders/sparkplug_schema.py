"""The Protobuf message of Sparkplug B, described in Python so that no compiler is needed.

Names, numbers and types are those of `sparkplug_b.proto` (Eclipse Sparkplug 3.0, unchanged since 2.2).
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["PAYLOAD"]

_PACKAGE = "org.eclipse.tahu.protobuf"
_TYPES = descriptor_pb2.FieldDescriptorProto

_SCALARS = {
    "uint32": _TYPES.TYPE_UINT32,
    "uint64": _TYPES.TYPE_UINT64,
    "float": _TYPES.TYPE_FLOAT,
    "double": _TYPES.TYPE_DOUBLE,
    "bool": _TYPES.TYPE_BOOL,
    "string": _TYPES.TYPE_STRING,
    "bytes": _TYPES.TYPE_BYTES,
}
_SPARKPLUG = {
    "": "timestamp:1=uint64 metrics:2=*Metric seq:3=uint64 uuid:4=string body:5=bytes",
    "Metric": (
        "name:1=string alias:2=uint64 timestamp:3=uint64 datatype:4=uint32 is_historical:5=bool"
        " is_transient:6=bool is_null:7=bool metadata:8=MetaData properties:9=PropertySet"
        " value|int_value:10=uint32 value|long_value:11=uint64 value|float_value:12=float"
        " value|double_value:13=double value|boolean_value:14=bool value|string_value:15=string"
        " value|bytes_value:16=bytes value|dataset_value:17=DataSet value|template_value:18=Template"
        " value|extension_value:19=MetricValueExtension"
    ),
    "MetricValueExtension": "",
    "MetaData": (
        "is_multi_part:1=bool content_type:2=string size:3=uint64 seq:4=uint64 file_name:5=string"
        " file_type:6=string md5:7=string description:8=string"
    ),
    "PropertySet": "keys:1=*string values:2=*PropertyValue",
    "PropertyValue": (
        "type:1=uint32 is_null:2=bool value|int_value:3=uint32 value|long_value:4=uint64"
        " value|float_value:5=float value|double_value:6=double value|boolean_value:7=bool"
        " value|string_value:8=string value|propertyset_value:9=PropertySet"
        " value|propertysets_value:10=PropertySetList value|extension_value:11=PropertyValueExtension"
    ),
    "PropertyValueExtension": "",
    "PropertySetList": "propertyset:1=*PropertySet",
    "DataSet": "num_of_columns:1=uint64 columns:2=*string types:3=*uint32 rows:4=*DataSetRow",
    "DataSetRow": "elements:1=*DataSetValue",
    "DataSetValue": (
        "value|int_value:1=uint32 value|long_value:2=uint64 value|float_value:3=float"
        " value|double_value:4=double value|boolean_value:5=bool value|string_value:6=string"
    ),
    "Template": (
        "version:1=string metrics:2=*Metric parameters:3=*Parameter template_ref:4=string"
        " is_definition:5=bool"
    ),
    "Parameter": (
        "name:1=string type:2=uint32 value|int_value:3=uint32 value|long_value:4=uint64"
        " value|float_value:5=float value|double_value:6=double value|boolean_value:7=bool"
        " value|string_value:8=string"
    ),
}
"""Messages by name, each field as `[oneof|]name:number=[*]type`; a star means repeated. The wire
knows neither where a message is nested nor what it is called."""


def _message_class() -> Any:
    """The class of the payload, in a pool of its own so that another library's copy never clashes."""
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _SPARKPLUG.items():
        message = file.message_type.add(name=name or "Payload")
        for field in fields.split():
            _add_field(message, field)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


def _add_field(message: descriptor_pb2.DescriptorProto, field: str) -> None:
    left, _, wanted = field.partition("=")
    oneof, _, named = left.rpartition("|")
    name, _, number = named.partition(":")
    repeated, bare = wanted.startswith("*"), wanted.lstrip("*")
    added = message.field.add(
        name=name,
        number=int(number),
        label=_TYPES.LABEL_REPEATED if repeated else _TYPES.LABEL_OPTIONAL,
        type=_SCALARS.get(bare, _TYPES.TYPE_MESSAGE),
    )
    if bare not in _SCALARS:
        added.type_name = f".{_PACKAGE}.{bare}"
    if oneof:
        if not message.oneof_decl:
            message.oneof_decl.add(name=oneof)
        added.oneof_index = 0


PAYLOAD: Any = _message_class()
"""The class of a Sparkplug B payload: `PAYLOAD.FromString(bytes)`."""
